"""What the screens need of Identity, of the config service and of everybody's health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff_core.composition import Reading
from bff_core.context import RequestContext
from services.bff_admin.contracts.identity import (
    AccountDetail,
    AccountPage,
    DecisionPage,
    ItemResults,
    Standing,
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
    ) -> Reading[DecisionPage]:
        """Decisions with a sequence below `before`, newest first.

        Raises:
            DownstreamError: Identity lets us down.
        """
        ...
