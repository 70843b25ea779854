"""What the config service sends of its audit."""

from datetime import datetime
from typing import Any

from msgspec import Struct


class Change(Struct, frozen=True, kw_only=True):
    """One write of one namespace; `diff` is a JSON Patch."""

    sequence: int
    at: datetime
    actor: str
    correlation_id: str
    namespace: str
    version_before: int
    version_after: int
    reason: str
    diff: list[dict[str, Any]]


class ChangePage(Struct, frozen=True):
    """Newest first; a cursor is the sequence of the last one given out."""

    entries: list[Change]
    next_cursor: str | None
