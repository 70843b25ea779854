"""Fakes of the accounts and credits of the platform."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import BffError, NotFound
from services.bff_admin.contracts import CreditOperation, CreditOperations
from services.bff_admin.dto.users_v1 import AdminUserDetailV1
from services.bff_admin.ports import CreditChange
from tests.unit.bff_admin.fakes import CORRELATION

USER = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_booking(amount: int, correlation_id: str, status: str = "completed") -> CreditOperation:
    return CreditOperation(
        id="1",
        metric="manual_adjustment",
        amount=amount,
        consumed_from="user",
        correlation_id=correlation_id,
        status=status,
        created_at=AT,
    )


@dataclass
class FakeAccounts:
    """Knows one account; the other methods of the port are not used."""

    down: BffError | None = None

    async def one(self, ctx: RequestContext, user_id: str) -> AdminUserDetailV1:
        if self.down:
            raise self.down
        if user_id != USER:
            raise NotFound
        return AdminUserDetailV1(
            user_id=USER,
            email="maja.ek@skola.example",
            first_name=None,
            last_name=None,
            display_name=None,
            org=None,
            email_verified=True,
            registered_at=AT,
            status="approved",
            version=1,
            requested_at=AT,
            waiting_seconds=None,
            decided_at=None,
            decided_by=None,
            decided_by_name=None,
            reason=None,
            history=[],
        )


@dataclass
class FakeCredits:
    """`balance` changes as it does on the platform; the errors stand for its failures."""

    balance: int = 10
    unreadable: BffError | None = None
    no_operations: BffError | None = None
    unchangeable: BffError | None = None
    rows: list[CreditOperation] = field(default_factory=list)

    async def available(self, ctx: RequestContext, user_id: str) -> Fetched[int]:
        if self.unreadable:
            raise self.unreadable
        return Fetched(self.balance)

    async def operations(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        if self.no_operations:
            raise self.no_operations
        return Fetched(CreditOperations(self.rows))

    async def booked(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        if self.no_operations:
            raise self.no_operations
        return Fetched(
            CreditOperations([r for r in self.rows if r.correlation_id == ctx.correlation_id])
        )

    async def adjust(
        self, ctx: RequestContext, user_id: str, amount: int, reason: str
    ) -> CreditChange:
        done = await self.set(ctx, user_id, self.balance + amount)
        self.rows.append(a_booking(abs(amount), ctx.correlation_id))
        return done

    async def set(self, ctx: RequestContext, user_id: str, balance: int) -> CreditChange:
        if self.unchangeable:
            raise self.unchangeable
        self.balance = balance
        return CreditChange(balance, CORRELATION)
