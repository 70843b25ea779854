"""Ports of the screens and routes: Identity, the config service and the health of all services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

from bff_core.clock import to_wire
from bff_core.composition import Fetched, WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError
from bff_core.ports import BreakerStatus
from services.bff_admin.contracts import (
    CreditOperations,
    DecisionPage,
    EventsReport,
    SettingChangePage,
)
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsV1,
    AdminSettingsVersionV1,
)
from services.bff_admin.dto.user_decisions_v1 import (
    AdminInvitationV1,
    AdminUserDecisionsV1,
    AdminUserDecisionV1,
    ApproveUserV1,
    DeactivateUserV1,
    DenyUserV1,
    InviteUserV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import (
    AdminPendingUsersV1,
    AdminUserDetailV1,
    AdminUsersV1,
    PendingUsersQuery,
    UsersQuery,
)

Verb = Literal["approve", "deny", "deactivate", "reactivate"]


class Accounts(Protocol):
    """Accounts of identity_admin.

    Every method raises DownstreamError when the call fails and ClientError when it is refused. A
    failed write that may have been done has `details.outcome` "unknown".
    """

    async def pending(
        self, ctx: RequestContext, query: PendingUsersQuery
    ) -> AdminPendingUsersV1: ...

    async def page(self, ctx: RequestContext, query: UsersQuery) -> AdminUsersV1: ...

    async def one(self, ctx: RequestContext, user_id: str) -> AdminUserDetailV1: ...

    async def decide(
        self,
        ctx: RequestContext,
        user_id: str,
        verb: Verb,
        body: ApproveUserV1 | DenyUserV1 | DeactivateUserV1,
    ) -> WithHeaders[AdminUserDecisionV1]:
        """Decide on one account, with `Idempotent-Replay` when that was decided before."""
        ...

    async def invite(
        self, ctx: RequestContext, person: InviteUserV1, key: str | None
    ) -> WithHeaders[AdminInvitationV1]:
        """Make an approved account of the admin's organisation, once for each key."""
        ...

    async def decide_many(
        self, ctx: RequestContext, decisions: UserDecisionsV1
    ) -> AdminUserDecisionsV1:
        """Make several independent decisions; the results are in the order of the items."""
        ...


class CreditsReadOnly(DownstreamError, code="SERVICE_UNAVAILABLE", status=503):
    """Entitlements has not mounted its routes for admins, as in production."""

    message = "The platform offers its changes of credits outside production only"

    def __init__(self, service: str) -> None:
        super().__init__(service, reason="not_mounted")
        self.details["reason"] = "not_mounted"


@dataclass(frozen=True, slots=True)
class CreditChange:
    """The balance after a change; `correlation_id` is that of its operation."""

    available: int
    correlation_id: str


class Credits(Protocol):
    """Credits of a teacher in the platform's Entitlements, which checks no caller.

    Every method raises DownstreamError when the call fails.
    """

    async def available(self, ctx: RequestContext, user_id: str) -> Fetched[int]:
        """The balance; a zero only if the service says so in two ways."""
        ...

    async def operations(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        """The newest operations.

        Raises:
            CreditsReadOnly: The route is not there.
        """
        ...

    async def booked(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        """The operations that have the correlation id of the context; raises as `operations`."""
        ...

    async def adjust(
        self, ctx: RequestContext, user_id: str, amount: int, reason: str
    ) -> CreditChange:
        """Add the amount, which may be negative; sent once, because a repeat would add it again.

        It is booked with the correlation id of the context.

        Raises:
            DownstreamError: `details.outcome` is "unknown" when it may have been done.
            ValidationFailed: The balance would fall below zero.
        """
        ...

    async def set(self, ctx: RequestContext, user_id: str, balance: int) -> CreditChange:
        """Set the balance; raises as `adjust` does."""
        ...


MARK_SECONDS = 60.0
"""Time in which Entitlements finishes what it was sent, also when nobody waits for the answer."""


class ChangeMarks(Protocol):
    """Marks of changes that may still be carried out; each lasts `MARK_SECONDS`."""

    async def take(self, change_id: str) -> bool:
        """Set a mark; False where it is set already.

        Raises:
            Unavailable: That cannot be known.
        """
        ...

    async def drop(self, change_id: str) -> None:
        """Take a mark back; does nothing where that is not possible."""
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

    method: str = "GET"
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

    async def forward(
        self,
        ctx: RequestContext,
        model: type[BaseModel],
        path: Sequence[str],
        forwarded: SettingsRequest,
    ) -> SettingsResponse:
        """Send to `path` below the settings; the response has that model as its body."""
        ...


class NamespaceValues(Protocol):
    """Current and default values of the namespaces. Raises as `SettingsStore` does."""

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1: ...

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1: ...

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1: ...


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """The result of a health check; `latency` in seconds, None without a response.

    `consumer` is None of a service that reads no events, or reports them in another shape.
    """

    name: str
    status: Literal["healthy", "unhealthy", "unreachable"]
    latency: float | None = None
    version: str | None = None
    code: str | None = None
    consumer: EventsReport | None = None
    reads_events: bool = False


class HealthChecks(Protocol):
    async def all(self, ctx: RequestContext) -> Sequence[ServiceHealth]:
        """Check every service, in alphabetical order; an unreachable service is one of them."""
        ...


class Breakers(Protocol):
    def states(self) -> Sequence[BreakerStatus]:
        """The state of each circuit breaker, by service and operation."""
        ...
