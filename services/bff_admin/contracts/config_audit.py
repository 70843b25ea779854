"""The config service's audit."""

from datetime import datetime
from typing import Any

from msgspec import Struct


class SettingChange(Struct, frozen=True, kw_only=True):
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


class SettingChangePage(Struct, frozen=True):
    """Newest first; `next_cursor` is the sequence of the last entry."""

    entries: list[SettingChange]
    next_cursor: str | None
