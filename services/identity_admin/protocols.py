"""What the decisions need from Identity's database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bff_core.context import Deadline
from services.identity_admin.standing import Change, PastDecision, Person, Standing, Status


class Case(Protocol):
    """One person's file, open in one transaction; nobody else decides on them meanwhile."""

    @property
    def standing(self) -> Standing | None:
        """None when there is no such person."""
        ...

    async def record(self, change: Change) -> Standing:
        """Write the decision, its history, its audit row and its events; end sessions on a denial."""
        ...

    async def make_admin(self, role: str, correlation_id: UUID, at: datetime) -> bool:
        """Give the role; False when they had it."""
        ...


class Casebook(Protocol):
    def open(self, user_id: UUID, deadline: Deadline) -> AbstractAsyncContextManager[Case]:
        """Leaving it commits everything, leaving it by an exception nothing.

        Raises:
            Unavailable: The database cannot be reached or is not done in time.
        """
        ...

    async def find(self, email: str, deadline: Deadline) -> UUID | None:
        """Whose address it is."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people; None is any. `text` is looked for in addresses and names."""

    status: Status | None = None
    org_id: str | None = None
    verified: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a listing has come: the last one that was given out."""

    requested_at: datetime
    user_id: UUID


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which decisions; None is any. `before` is a sequence, `since` a time."""

    actor: UUID | None = None
    user_id: UUID | None = None
    since: datetime | None = None
    before: int | None = None


class Register(Protocol):
    """Reading who stands where. Raises Unavailable as the casebook does."""

    async def people(
        self, wanted: Filter, after: Place | None, limit: int, deadline: Deadline
    ) -> Sequence[Person]:
        """Longest waiting first; a decision never moves anybody to another place in this order."""
        ...

    async def person(self, user_id: UUID, deadline: Deadline) -> Person | None: ...

    async def history(
        self, wanted: HistoryFilter, limit: int, deadline: Deadline
    ) -> Sequence[PastDecision]:
        """Newest first."""
        ...


class Administrators(Protocol):
    async def includes(self, user_id: str) -> bool:
        """Whether they have the admin's role in Identity's own table, and are let in."""
        ...
