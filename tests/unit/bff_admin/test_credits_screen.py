"""Credits: parts of the read, the checks before a change, and the log of decisions."""

import pytest
from structlog.testing import capture_logs

from bff_core.errors import BffError, DownstreamFailed, DownstreamTimeout, NotFound
from services.bff_admin.dto.credits_v1 import AdminCreditsV1, SetCreditsV1
from services.bff_admin.ports import CreditsReadOnly
from services.bff_admin.screens.credits import CreditsScreen
from tests.unit.bff_admin.credit_fakes import USER, FakeAccounts, FakeCredits, a_booking
from tests.unit.bff_admin.fakes import CORRELATION, an_admin

CHANGE = SetCreditsV1(balance=50, reason="Lost to a failed run")


def a_screen(platform: FakeCredits, accounts: FakeAccounts | None = None) -> CreditsScreen:
    return CreditsScreen(accounts or FakeAccounts(), platform)  # type: ignore[arg-type]


def missing(screen: AdminCreditsV1) -> dict[str, str | None]:
    return {part.name: part.code for part in screen.parts if part.status == "missing"}


async def test_credits_come_with_their_operations() -> None:
    row = a_booking(50, CORRELATION)

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
        await screen.set(an_admin(), stranger, CHANGE)

    assert platform.balance == 10


async def test_change_is_logged_with_admin_account_and_reason() -> None:
    platform = FakeCredits()

    with capture_logs() as logs:
        done = await a_screen(platform).set(an_admin(), USER, CHANGE)

    assert (done.available, done.correlation_id, platform.balance) == (50, CORRELATION, 50)
    assert logs == [
        {
            "event": "credits_change_sent",
            "log_level": "info",
            "admin_id": "admin-1",
            "account_id": USER,
            "operation_id": an_admin().correlation_id,
            "action": "set",
            "credits": 50,
            "reason": CHANGE.reason,
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
        await a_screen(platform, accounts).set(an_admin(), USER, CHANGE)

    assert (platform.balance, logs) == (10, [])


async def test_change_of_unknown_outcome_is_logged_as_such() -> None:
    late = DownstreamTimeout("entitlements")
    late.details["outcome"] = "unknown"

    with capture_logs() as logs, pytest.raises(DownstreamTimeout):
        await a_screen(FakeCredits(unchangeable=late)).set(an_admin(), USER, CHANGE)

    assert (logs[1]["event"], logs[1]["outcome"], logs[1]["code"]) == (
        "credits_change_failed",
        "unknown",
        "TIMEOUT",
    )
