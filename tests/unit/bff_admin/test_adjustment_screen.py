"""Adjustments of credits: what a key is worth while answers get lost."""

from dataclasses import dataclass, field

import pytest

from bff_core.composition import Fetched, WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import (
    BffError,
    CircuitOpen,
    Conflict,
    DownstreamFailed,
    DownstreamTimeout,
    NotFound,
)
from bff_core.testing import FakeClock
from services.bff_admin.clients.change_marks import MemoryChangeMarks
from services.bff_admin.contracts import CreditOperations
from services.bff_admin.dto.credits_v1 import AdjustCreditsV1, AdminCreditChangeV1
from services.bff_admin.ports import MARK_SECONDS, CreditChange, CreditsReadOnly
from services.bff_admin.screens.adjustment import AdjustmentScreen
from tests.unit.bff_admin.credit_fakes import USER, FakeAccounts, FakeCredits, a_booking
from tests.unit.bff_admin.fakes import an_admin


def late() -> DownstreamTimeout:
    error = DownstreamTimeout("entitlements")
    error.details["outcome"] = "unknown"
    return error


@dataclass
class LosingCredits(FakeCredits):
    """Books what it is sent, sooner or later, and loses the answer."""

    books_at_once: bool = True

    async def adjust(
        self, ctx: RequestContext, user_id: str, amount: int, reason: str
    ) -> CreditChange:
        if self.books_at_once:
            await super().adjust(ctx, user_id, amount, reason)
        raise late()


@dataclass
class Desk:
    platform: FakeCredits = field(default_factory=FakeCredits)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        marks = MemoryChangeMarks(self.clock.monotonic)
        self.screen = AdjustmentScreen(self.accounts, self.platform, marks)  # type: ignore[arg-type]  # one method of the port

    async def adjust(
        self, amount: int = 40, key: str | None = "k"
    ) -> WithHeaders[AdminCreditChangeV1]:
        wanted = AdjustCreditsV1(amount=amount, reason="Lost to a failed run")
        return await self.screen.adjust(an_admin(), USER, wanted, key)

    async def fail(self, kind: type[BffError], amount: int = 40) -> dict[str, object]:
        with pytest.raises(kind) as raised:
            await self.adjust(amount)
        return raised.value.details


IN_DOUBT = {"reason": "outcome_unknown", "outcome": "unknown"}


async def test_without_a_key_each_request_is_a_change() -> None:
    desk = Desk()

    answers = [await desk.adjust(key=None) for _ in range(2)]

    assert [one.body.available for one in answers] == [50, 90]
    assert {one.correlation_id for one in desk.platform.rows} == {an_admin().correlation_id}


async def test_a_key_is_booked_once_and_answered_with_the_balance_of_now() -> None:
    desk = Desk()

    first = await desk.adjust()
    desk.platform.balance = 45
    again = await desk.adjust()

    assert (first.body.available, first.headers) == (50, {})
    assert (again.body.available, again.headers) == (45, {"Idempotent-Replay": "true"})
    [row] = desk.platform.rows
    assert again.body.correlation_id == row.correlation_id


async def test_other_keys_and_the_other_direction_are_other_changes() -> None:
    desk = Desk()

    for amount, key in [(5, "a"), (5, "b"), (-5, "b")]:
        await desk.adjust(amount, key)

    assert len({one.correlation_id for one in desk.platform.rows}) == 3
    assert desk.platform.balance == 15


async def test_a_lost_answer_is_found_among_the_bookings() -> None:
    desk = Desk(LosingCredits())

    assert (await desk.fail(DownstreamTimeout))["outcome"] == "unknown"
    again = await desk.adjust()

    assert (again.body.available, len(desk.platform.rows)) == (50, 1)


async def test_what_may_still_be_booked_is_not_sent_again_for_a_minute() -> None:
    desk = Desk(LosingCredits(books_at_once=False))
    await desk.fail(DownstreamTimeout)

    assert await desk.fail(Conflict) == IN_DOUBT
    desk.clock.advance(MARK_SECONDS - 1)
    assert await desk.fail(Conflict) == IN_DOUBT
    desk.clock.advance(2)
    assert (await desk.fail(DownstreamTimeout))["outcome"] == "unknown"


@pytest.mark.parametrize(
    "refusal", [CircuitOpen("entitlements", sent=False), CreditsReadOnly("entitlements")]
)
async def test_what_was_not_sent_may_be_sent_at_once(refusal: BffError) -> None:
    desk = Desk(FakeCredits(unchangeable=refusal))

    assert "outcome" not in await desk.fail(type(refusal))
    desk.platform.unchangeable = None

    assert (await desk.adjust()).body.available == 50


async def test_an_outage_does_not_make_a_doubt_a_failure() -> None:
    desk = Desk(LosingCredits(books_at_once=False))
    await desk.fail(DownstreamTimeout)
    desk.platform.no_operations = DownstreamFailed("entitlements")

    assert (await desk.fail(DownstreamFailed))["outcome"] == "unknown"
    desk.platform.no_operations = None
    assert await desk.fail(Conflict) == IN_DOUBT


async def test_a_booking_whose_balance_is_unreadable_is_no_failure() -> None:
    desk = Desk()
    await desk.adjust()
    desk.platform.unreadable = DownstreamFailed("entitlements")
    desk.clock.advance(MARK_SECONDS + 1)

    assert (await desk.fail(DownstreamFailed))["outcome"] == "unknown"


async def test_a_failed_booking_counts_as_none() -> None:
    class Failed(FakeCredits):
        async def booked(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
            return Fetched(CreditOperations([a_booking(40, ctx.correlation_id, "failed")]))

    desk = Desk(Failed())

    assert (await desk.adjust()).headers == {}


async def test_a_key_belongs_to_its_amount() -> None:
    desk = Desk()
    await desk.adjust(40)

    assert await desk.fail(Conflict, 41) == {"reason": "idempotency_key_reused"}
    assert desk.platform.balance == 50


async def test_an_unknown_account_gets_nothing() -> None:
    desk = Desk(accounts=FakeAccounts(NotFound()))

    await desk.fail(NotFound)
    desk.accounts.down = None

    assert (await desk.adjust()).body.available == 50
