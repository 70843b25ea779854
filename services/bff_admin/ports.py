"""What the screens need of Identity, of the config service and of everybody's health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_admin.contracts.config_audit import ChangePage
from services.bff_admin.contracts.identity import (
    AccountDetail,
    AccountPage,
    DecisionPage,
    ItemResults,
    Standing,
)
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsV1,
    AdminSettingsVersionV1,
)


@dataclass(frozen=True, slots=True)
class Decided:
    """`replayed`: it had been decided so before."""

    standing: Standing
    replayed: bool


class Accounts(Protocol):
    """Accounts as identity_admin has them.

    Every method raises DownstreamError when it lets us down, and ClientError when it refuses: for a
    write, `details.outcome` is "unknown" when it may have been done.
    """

    async def pending(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage: ...

    async def page(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage: ...

    async def one(self, ctx: RequestContext, user_id: str) -> AccountDetail: ...

    async def approve(
        self, ctx: RequestContext, user_id: str, expected_version: int, note: str | None
    ) -> Decided: ...

    async def deny(
        self, ctx: RequestContext, user_id: str, expected_version: int, reason: str
    ) -> Decided: ...

    async def decide(
        self, ctx: RequestContext, items: Sequence[Mapping[str, object]]
    ) -> ItemResults:
        """Many decisions, each for itself, in their order."""
        ...


class Decisions(Protocol):
    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[DecisionPage]:
        """Decisions with a sequence below `before`, newest first.

        Raises:
            DownstreamError: Identity lets us down.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """An admin's request as it goes on: what it asks, and under which conditions."""

    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """The answer as it goes out; 304 has no body. Its headers are only those that concern it."""

    status: int
    body: BaseModel | None
    headers: Mapping[str, str]


class SettingsStore(Protocol):
    """The config service's settings, asked with the admin's own conditions.

    Every method raises DownstreamError when the service lets us down, and ClientError when it
    refuses: for a write, `details.outcome` is "unknown" when it may have been done.
    """

    async def namespaces(self, ctx: RequestContext, asked: Asked) -> Told: ...

    async def read(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told: ...

    async def schema(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told: ...

    async def write(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told: ...

    async def roll_back(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told: ...

    async def versions(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told: ...

    async def version(
        self, ctx: RequestContext, namespace: str, number: int, asked: Asked
    ) -> Told: ...


class Changes(Protocol):
    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[ChangePage]:
        """Changes of settings with a sequence below `before`, newest first.

        Raises:
            DownstreamError: The config service lets us down.
        """
        ...


class CurrentSettings(Protocol):
    """What is set now. Raises as `SettingsStore` does."""

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1: ...

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1: ...

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1: ...


@dataclass(frozen=True, slots=True)
class Checkup:
    """How a service is; `latency` in seconds, None without an answer."""

    name: str
    status: Literal["healthy", "unhealthy", "unreachable"]
    latency: float | None = None
    version: str | None = None
    code: str | None = None


class Checkups(Protocol):
    async def all(self, ctx: RequestContext) -> Sequence[Checkup]:
        """Of every service, by name; a service that does not answer is one of them."""
        ...


class Breakers(Protocol):
    def states(self) -> Mapping[str, str]:
        """How the breaker of each service stands."""
        ...
