"""Ports of the screens and routes: Identity, the config service and the health of all services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

from bff_core.clock import to_wire
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.ports import BreakerStatus
from services.bff_admin.contracts.config_audit import SettingChangePage
from services.bff_admin.contracts.identity import (
    AccountDetail,
    AccountPage,
    AccountState,
    DecisionPage,
    ItemResults,
)
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsV1,
    AdminSettingsVersionV1,
)


@dataclass(frozen=True, slots=True)
class AccountDecision:
    """The account after a decision; `replayed` when the same decision was made before."""

    account: AccountState
    replayed: bool


class Accounts(Protocol):
    """Accounts of identity_admin.

    Every method raises DownstreamError when the call fails and ClientError when it is refused. A
    failed write that may have been done has `details.outcome` "unknown".
    """

    async def pending(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage: ...

    async def page(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage: ...

    async def one(self, ctx: RequestContext, user_id: str) -> AccountDetail: ...

    async def approve(
        self, ctx: RequestContext, user_id: str, expected_version: int, note: str | None
    ) -> AccountDecision: ...

    async def deny(
        self, ctx: RequestContext, user_id: str, expected_version: int, reason: str
    ) -> AccountDecision: ...

    async def decide(
        self, ctx: RequestContext, items: Sequence[Mapping[str, object]]
    ) -> ItemResults:
        """Make several independent decisions; the results are in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """Selects entries of an audit source with a sequence below `before`."""

    limit: int
    actor: str | None = None
    since: datetime | None = None
    before: int | None = None

    def as_parameters(self) -> dict[str, str | int]:
        """The query parameters, which are the same for both sources."""
        params: dict[str, str | int | None] = {
            "limit": self.limit,
            "cursor": self.before,
            "actor": self.actor,
            "since": to_wire(self.since) if self.since else None,
        }
        return {name: value for name, value in params.items() if value is not None}


class Decisions(Protocol):
    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[DecisionPage]:
        """Decisions on accounts, newest first.

        Raises:
            DownstreamError: The call of Identity fails.
        """
        ...


class SettingChanges(Protocol):
    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[SettingChangePage]:
        """Changes of settings, newest first.

        Raises:
            DownstreamError: The call of the config service fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class SettingsRequest:
    """The parts of an admin's request that are forwarded to the config service."""

    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SettingsResponse:
    """A response of the config service with the headers that are passed on; a 304 has no body."""

    status: int
    body: BaseModel | None
    headers: Mapping[str, str]


class SettingsStore(Protocol):
    """Settings of the config service, read and written with the admin's own conditions.

    Every method raises DownstreamError when the call fails and ClientError when it is refused. A
    failed write that may have been done has `details.outcome` "unknown".
    """

    async def namespaces(
        self, ctx: RequestContext, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def read(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def schema(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def write(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def roll_back(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def versions(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse: ...

    async def version(
        self, ctx: RequestContext, namespace: str, number: int, forwarded: SettingsRequest
    ) -> SettingsResponse: ...


class NamespaceValues(Protocol):
    """Current and default values of the namespaces. Raises as `SettingsStore` does."""

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1: ...

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1: ...

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1: ...


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """The result of a health check; `latency` in seconds, None without a response."""

    name: str
    status: Literal["healthy", "unhealthy", "unreachable"]
    latency: float | None = None
    version: str | None = None
    code: str | None = None


class HealthChecks(Protocol):
    async def all(self, ctx: RequestContext) -> Sequence[ServiceHealth]:
        """Check every service, in alphabetical order; an unreachable service is one of them."""
        ...


class Breakers(Protocol):
    def states(self) -> Sequence[BreakerStatus]:
        """The state of each circuit breaker, by service and operation."""
        ...
