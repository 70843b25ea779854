"""Revoked tokens are refused; about an admin somebody is asked while marks are not heard."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from bff_core.auth import (
    AdminAccess,
    Claims,
    RevocationListener,
    RevocationMark,
    RevocationMarks,
    Revocations,
    StaticKey,
    TokenRules,
    TokenVerifier,
)
from bff_core.context import UserId
from bff_core.errors import BffError, NotAuthenticated, NotAuthorized, Unavailable
from bff_core.testing import AUDIENCE, ISSUER, SECRET, FakeClock, access_token, bearer

LIFETIME = 3600.0


class ListenerStub(RevocationListener):
    """Listens to nothing, and hears what a test says."""

    def __init__(self, *, connected: bool = True, publisher_lives: bool = True) -> None:
        self._heard = (connected, publisher_lives)

    @property
    def connected(self) -> bool:
        return self._heard[0]

    @property
    def publisher_lives(self) -> bool:
        return self._heard[1]


class AdminAccessStub(AdminAccess):
    def __init__(self, refusal: BffError | None = None) -> None:
        self.refusal = refusal
        self.asked = 0

    async def require_admin(self, authorization: str) -> None:
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def marks(clock: FakeClock) -> RevocationMarks:
    return RevocationMarks(clock, LIFETIME, limit=3)


async def claims_of(clock: FakeClock, **claims: Any) -> Claims:
    rules = TokenRules("HS256", AUDIENCE, ISSUER)
    token = bearer(access_token(now=clock.now(), **claims))
    return await TokenVerifier(StaticKey(SECRET), rules, clock).authenticate(token)


def mark_at(clock: FakeClock, user: str = "teacher-1", *, after: float = 0.0) -> RevocationMark:
    return RevocationMark(UserId(user), clock.now().timestamp() + after)


async def test_a_token_from_before_the_mark_is_revoked_and_a_later_one_is_not(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    before = await claims_of(clock)
    marks.add([mark_at(clock)])
    clock.advance(2)

    assert marks.revokes(before)
    assert not marks.revokes(await claims_of(clock))
    assert not marks.revokes(await claims_of(clock, sub="another"))


async def test_a_token_that_outlives_the_configured_lifetime_is_refused_by_any_mark(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    marks.add([mark_at(clock)])
    in_two_hours = clock.now().timestamp() + 2 * LIFETIME

    with capture_logs() as lines:
        token = await claims_of(clock, exp=in_two_hours)

    assert marks.revokes(token)
    [line] = lines
    assert line["event"] == "token_outlives_setting"
    assert line["setting"] == "JWT_ACCESS_TOKEN_EXPIRES_SECONDS"
    assert not marks.revokes(
        await claims_of(clock, exp=in_two_hours, iat=clock.now().timestamp() + 1)
    )


async def test_the_time_of_issue_counts_where_the_token_says_it(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    marks.add([mark_at(clock)])
    now = int(clock.now().timestamp())

    assert marks.revokes(await claims_of(clock, iat=now, exp=now + 7200))
    assert not marks.revokes(await claims_of(clock, iat=now + 1, exp=now + 60))


def test_marks_are_bounded_and_kept_no_longer_than_a_token_lives(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    marks.add(mark_at(clock, f"user-{number}") for number in range(5))
    assert len(marks) == 3

    clock.advance(LIFETIME + 1)

    assert len(marks) == 0


async def test_an_older_mark_that_is_heard_later_takes_nothing_back(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    token = await claims_of(clock)
    marks.add([mark_at(clock, after=1)])
    marks.add([mark_at(clock, after=-100)])

    assert marks.revokes(token)


async def test_a_revoked_token_is_refused_on_every_route(
    marks: RevocationMarks, clock: FakeClock
) -> None:
    access = AdminAccessStub()
    marks.add([mark_at(clock)])

    with pytest.raises(NotAuthenticated) as refused:
        await Revocations(marks, ListenerStub(), access).check(
            await claims_of(clock), "Bearer x", for_admins=False
        )

    assert refused.value.details["reason"] == "token_revoked"
    assert access.asked == 0


@pytest.mark.parametrize(
    ("listener", "for_admins", "asked"),
    [
        (ListenerStub(), True, 0),
        (ListenerStub(connected=False), False, 0),
        (ListenerStub(connected=False), True, 1),
        (ListenerStub(publisher_lives=False), True, 1),
        (None, False, 0),
        (None, True, 1),
    ],
)
async def test_identity_is_asked_about_admins_while_marks_are_not_heard(
    marks: RevocationMarks,
    clock: FakeClock,
    listener: ListenerStub | None,
    for_admins: bool,
    asked: int,
) -> None:
    access = AdminAccessStub()

    await Revocations(marks, listener, access).check(
        await claims_of(clock), "Bearer x", for_admins=for_admins
    )

    assert access.asked == asked


@pytest.mark.parametrize("refusal", [NotAuthorized(), NotAuthenticated("x"), Unavailable()])
async def test_without_redis_nobody_is_an_admin_whom_identity_does_not_confirm(
    marks: RevocationMarks, clock: FakeClock, refusal: BffError
) -> None:
    revocations = Revocations(marks, ListenerStub(connected=False), AdminAccessStub(refusal))

    with pytest.raises(type(refusal)):
        await revocations.check(await claims_of(clock), "Bearer x", for_admins=True)


@pytest.mark.parametrize("listener", [ListenerStub(publisher_lives=False), None])
async def test_an_identity_that_is_down_denies_nobody_unless_redis_is_silent(
    marks: RevocationMarks, clock: FakeClock, listener: ListenerStub | None
) -> None:
    access = AdminAccessStub(Unavailable())

    await Revocations(marks, listener, access).check(
        await claims_of(clock), "Bearer x", for_admins=True
    )

    assert access.asked == 1
