"""The people that the emulated Identity is tested with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SignedIn = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class SomePerson:
    user_id: str
    email: str
    first_name: str
    last_name: str = "Lindqvist"
    org_id: str | None = "org-demo"
    roles: tuple[str, ...] = ("teacher",)
    status: str = "approved"
    email_verified: bool = True
    registered_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    locale: str = "sv-SE"
