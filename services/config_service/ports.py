"""Ports of the handlers: the settings' history, the audit log and the change feed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.config_service.chain import AuditEntry, ChainHead
from services.config_service.values import Values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Revision:
    """A namespace as it was written; versions count from 1."""

    namespace: str
    version: int
    values: Values
    updated_at: str
    updated_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class IdempotentResponse:
    """A response stored under an Idempotency-Key; equal requests have equal fingerprints."""

    fingerprint: str
    body: str
    etag: str


@dataclass(frozen=True, slots=True)
class WriteConditions:
    """The request headers that decide whether a write is done."""

    if_match: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selects entries with a sequence below `before` and a time of `since` or later."""

    namespace: str | None = None
    actor: str | None = None
    since: str | None = None
    before: int | None = None


class SettingsReader(Protocol):
    """Every method raises Unavailable when the database is."""

    async def latest(self, namespace: str) -> Revision | None:
        """The current revision; None when the namespace was never written."""
        ...

    async def revision(self, namespace: str, version: int) -> Revision | None: ...


class WriteTransaction(SettingsReader, Protocol):
    """One transaction; writes never run at the same time."""

    async def append(self, change: AuditEntry) -> Revision:
        """Write the revision, which is its audit entry: numbered, dated, linked and sealed here.

        Raises:
            Unavailable: The last audit entry was not sealed by this service.
        """
        ...

    async def stored_response(self, actor: str, key: str) -> IdempotentResponse | None:
        """The response of the last 24 hours under this key."""
        ...

    async def store_response(self, actor: str, key: str, response: IdempotentResponse) -> None: ...


class SettingsHistory(SettingsReader, Protocol):
    async def current(self) -> Mapping[str, Revision]:
        """The current revision of every namespace that was ever written."""
        ...

    async def revisions(
        self, namespace: str, *, limit: int, before: int | None
    ) -> Sequence[Revision]:
        """Newest first, below version `before`."""
        ...

    async def run_in_transaction(self, work: Callable[[WriteTransaction], Awaitable[T]]) -> T:
        """Commit all that `work` did when it returns; roll back when it raises.

        Cancelling the caller does not interrupt it.
        """
        ...


class AuditLog(Protocol):
    """Every method raises Unavailable when the database is."""

    async def entries(self, selected: AuditFilter, *, limit: int) -> Sequence[AuditEntry]:
        """Newest first."""
        ...

    async def entry(self, sequence: int) -> AuditEntry | None: ...

    def walk(
        self,
    ) -> AbstractAsyncContextManager[tuple[AsyncIterator[AuditEntry], ChainHead | None]]:
        """Every entry in order, and the head, from one snapshot of the database."""
        ...


class ChangeFeed(Protocol):
    async def publish(self, namespace: str, version: int) -> None:
        """Notify subscribers. A failure is counted, never raised."""
        ...
