"""What the handlers need: the store of settings, the audit, and somebody to tell of changes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.config_service.chain import Entry, Head
from services.config_service.values import Values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Revision:
    """A namespace as somebody wrote it; versions count from 1."""

    namespace: str
    version: int
    values: Values
    updated_at: str
    updated_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that is about to be made; place, time and seal come with its entry."""

    namespace: str
    version_before: int
    before: Values
    after: Values
    reason: str
    actor: str
    service: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer under a caller's Idempotency-Key; `fingerprint` is equal for equal requests."""

    fingerprint: str
    body: str
    etag: str


@dataclass(frozen=True, slots=True)
class Conditions:
    """Headers that decide whether a write is done."""

    if_match: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; `before` is a sequence, `since` a time as entries have it."""

    namespace: str | None = None
    actor: str | None = None
    since: str | None = None
    before: int | None = None


class Reading(Protocol):
    """Every method raises Unavailable when the store is."""

    async def latest(self, namespace: str) -> Revision | None:
        """The current one; None when nobody ever wrote."""
        ...

    async def revision(self, namespace: str, version: int) -> Revision | None: ...


class Writing(Reading, Protocol):
    """One transaction that no other write runs beside."""

    async def append(self, draft: Draft) -> Revision:
        """Make the change and its entry, which are one.

        Raises:
            Unavailable: The chain's end is not what this service has sealed.
        """
        ...

    async def remembered(self, actor: str, key: str) -> Remembered | None:
        """What was answered in the last 24 hours."""
        ...

    async def remember(self, actor: str, key: str, answer: Remembered) -> None: ...


class History(Reading, Protocol):
    async def current(self) -> Mapping[str, Revision]:
        """The current revision of every namespace that was ever written."""
        ...

    async def revisions(
        self, namespace: str, *, limit: int, before: int | None
    ) -> Sequence[Revision]:
        """Newest first, below version `before`."""
        ...

    async def write(self, work: Callable[[Writing], Awaitable[T]]) -> T:
        """Everything that `work` does is kept when it ends well, and nothing when it does not.

        A caller who goes away meanwhile does not cut it off.
        """
        ...


class Audit(Protocol):
    """Every method raises Unavailable when the store is."""

    async def entries(self, chosen: AuditFilter, *, limit: int) -> Sequence[Entry]:
        """Newest first."""
        ...

    async def entry(self, sequence: int) -> Entry | None: ...

    def walk(self) -> AbstractAsyncContextManager[tuple[AsyncIterator[Entry], Head | None]]:
        """Every entry in order, and the head, as they were at one moment."""
        ...


class ChangeFeed(Protocol):
    async def announce(self, namespace: str, version: int) -> None:
        """Tell who listens. Nobody there to tell: counted, never raised."""
        ...
