"""The people that the emulated Identity is tested with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from devstack.seed.people import DemoUser

SignedIn = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SomePerson(DemoUser):
    last_name: str = "Lindqvist"
    org_id: str | None = "org-demo"
    roles: tuple[str, ...] = ("teacher",)
    status: Literal["approved", "pending"] = "approved"
    email_verified: bool = True
    registered_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
