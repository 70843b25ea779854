"""Credits: parts of the read, the checks before a change, and the log of decisions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import BffError, DownstreamFailed, DownstreamTimeout, NotFound
from services.bff_admin.contracts import CreditOperation, CreditOperations
from services.bff_admin.dto.credits_v1 import AdjustCreditsV1, AdminCreditsV1, SetCreditsV1
from services.bff_admin.dto.users_v1 import AdminUserDetailV1
from services.bff_admin.ports import CreditChange, CreditsReadOnly
from services.bff_admin.screens.credits import CreditsScreen
from tests.unit.bff_admin.fakes import CORRELATION, an_admin

USER = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
GIFT = AdjustCreditsV1(amount=40, reason="Lost to a failed run")


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

    async def adjust(
        self, ctx: RequestContext, user_id: str, amount: int, reason: str
    ) -> CreditChange:
        return await self.set(ctx, user_id, self.balance + amount)

    async def set(self, ctx: RequestContext, user_id: str, balance: int) -> CreditChange:
        if self.unchangeable:
            raise self.unchangeable
        self.balance = balance
        return CreditChange(balance, CORRELATION)


def a_screen(platform: FakeCredits, accounts: FakeAccounts | None = None) -> CreditsScreen:
    return CreditsScreen(accounts or FakeAccounts(), platform)  # type: ignore[arg-type]


def missing(screen: AdminCreditsV1) -> dict[str, str | None]:
    return {part.name: part.code for part in screen.parts if part.status == "missing"}


async def test_credits_come_with_their_operations() -> None:
    row = CreditOperation(
        id="1",
        metric="manual_adjustment",
        amount=50,
        consumed_from="user",
        correlation_id=CORRELATION,
        status="completed",
        created_at=AT,
    )

    read = await a_screen(FakeCredits(50, rows=[row])).load(an_admin(), USER)

    assert (read.email, read.available, read.adjustable) == ("maja.ek@skola.example", 50, True)
    assert [(one.status, one.amount) for one in read.operations or []] == [("completed", 50)]
    assert missing(read) == {}


async def test_account_without_operations_has_an_empty_list() -> None:
    read = await a_screen(FakeCredits()).load(an_admin(), USER)

    assert read.operations == []


async def test_routes_that_are_not_mounted_leave_the_balance_and_say_so() -> None:
    platform = FakeCredits(no_operations=CreditsReadOnly("entitlements"))

    read = await a_screen(platform).load(an_admin(), USER)

    assert (read.available, read.adjustable, read.operations) == (10, False, None)
    assert missing(read) == {"operations": "SERVICE_UNAVAILABLE"}


async def test_a_service_that_fails_as_a_whole_is_not_one_that_lacks_the_route() -> None:
    down = DownstreamFailed("entitlements", reason="status", upstream_status=500)
    platform = FakeCredits(unreadable=down, no_operations=CreditsReadOnly("entitlements"))

    read = await a_screen(platform).load(an_admin(), USER)

    assert (read.available, read.adjustable, read.operations) == (None,) * 3
    assert missing(read) == dict.fromkeys(("credits", "operations"), "EXTERNAL_SERVICE_ERROR")


async def test_what_no_service_said_is_null_and_not_zero() -> None:
    failed = DownstreamFailed("entitlements")
    platform = FakeCredits(unreadable=failed, no_operations=DownstreamTimeout("entitlements"))

    read = await a_screen(platform).load(an_admin(), USER)

    assert (read.available, read.adjustable, read.operations) == (None,) * 3
    assert missing(read) == {"credits": "EXTERNAL_SERVICE_ERROR", "operations": "TIMEOUT"}


async def test_credits_are_not_shown_while_nobody_knows_whose_account_it_is() -> None:
    accounts = FakeAccounts(DownstreamFailed("identity_admin"))

    read = await a_screen(FakeCredits(), accounts).load(an_admin(), USER)

    assert (read.email, read.available, read.adjustable, read.operations) == (None,) * 4
    assert missing(read) == dict.fromkeys(
        ("account", "credits", "operations"), "EXTERNAL_SERVICE_ERROR"
    )


async def test_unknown_account_is_not_found_and_gets_no_credits() -> None:
    platform, stranger = FakeCredits(), USER.replace("5", "6")
    screen = a_screen(platform)

    with pytest.raises(NotFound):
        await screen.load(an_admin(), stranger)
    with pytest.raises(NotFound):
        await screen.adjust(an_admin(), stranger, GIFT)

    assert platform.balance == 10


async def test_change_is_logged_with_admin_account_and_reason() -> None:
    platform = FakeCredits()

    with capture_logs() as logs:
        done = await a_screen(platform).adjust(an_admin(), USER, GIFT)

    assert (done.available, done.correlation_id, platform.balance) == (50, CORRELATION, 50)
    assert logs == [
        {
            "event": "credits_change_sent",
            "log_level": "info",
            "admin_id": "admin-1",
            "account_id": USER,
            "action": "adjust",
            "credits": 40,
            "reason": GIFT.reason,
        },
        {
            "event": "credits_changed",
            "log_level": "info",
            "account_id": USER,
            "available": 50,
        },
    ]


async def test_balance_is_replaced() -> None:
    platform = FakeCredits()

    done = await a_screen(platform).set(an_admin(), USER, SetCreditsV1(balance=0, reason="left"))

    assert (done.available, platform.balance) == (0, 0)


@pytest.mark.parametrize(
    ("platform", "accounts"),
    [
        (FakeCredits(no_operations=CreditsReadOnly("entitlements")), FakeAccounts()),
        (FakeCredits(), FakeAccounts(DownstreamFailed("identity_admin"))),
    ],
    ids=["not mounted", "account unknown"],
)
async def test_change_that_cannot_be_checked_first_is_neither_sent_nor_logged(
    platform: FakeCredits, accounts: FakeAccounts
) -> None:
    with capture_logs() as logs, pytest.raises(BffError):
        await a_screen(platform, accounts).adjust(an_admin(), USER, GIFT)

    assert (platform.balance, logs) == (10, [])


async def test_change_of_unknown_outcome_is_logged_as_such() -> None:
    late = DownstreamTimeout("entitlements")
    late.details["outcome"] = "unknown"

    with capture_logs() as logs, pytest.raises(DownstreamTimeout):
        await a_screen(FakeCredits(unchangeable=late)).adjust(an_admin(), USER, GIFT)

    assert (logs[1]["event"], logs[1]["outcome"], logs[1]["code"]) == (
        "credits_change_failed",
        "unknown",
        "TIMEOUT",
    )
