"""A session's access token is renewed once for all, and an outage takes it from nobody early."""

import asyncio

import pytest

from bff_core.composition import fan_out
from bff_core.errors import BffError, DownstreamTimeout, DownstreamUnreachable, Unavailable
from bff_core.testing import FakeClock
from services.gateway.implementations.access_tokens import REST_SECONDS, SessionOver
from services.gateway.implementations.identity import IDENTITY_ERRORS
from tests.unit.gateway.sessions import (
    CONTENT,
    EARLY,
    LIFETIME,
    SENDER,
    IdentityStub,
    access,
    access_tokens,
    content,
)

PASSING: dict[str, BffError] = {
    "unreachable": DownstreamUnreachable("identity", reason="refused"),
    "silent": DownstreamTimeout("identity", reason="timeout"),
    "too many": IDENTITY_ERRORS["RATE_LIMIT"](),
    "not found": IDENTITY_ERRORS["RESOURCE_NOT_FOUND"](),
}
FINAL = ["IDENTITY_TOKEN_INVALID", "IDENTITY_ACCESS_DENIED", "IDENTITY_REFRESH_TOKEN_EXPIRED"]


async def test_a_token_with_time_left_is_used_as_it_is() -> None:
    identity = IdentityStub(FakeClock())
    identity.clock.advance(LIFETIME - EARLY - 1)

    assert await access_tokens(identity).current(CONTENT, SENDER) == CONTENT.access
    assert identity.calls == 0


async def test_two_hundred_tabs_at_the_end_of_a_token_renew_it_once() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.clock.advance(LIFETIME)

    async with fan_out() as tasks:
        tabs = [tasks.create_task(tokens.current(CONTENT, SENDER)) for _ in range(200)]

    assert {tab.result().token for tab in tabs} == {"renewed-1"}
    assert identity.calls == 1


async def test_a_tab_with_the_cookie_from_before_gets_the_renewed_token() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.clock.advance(LIFETIME)
    await tokens.current(CONTENT, SENDER)

    assert (await tokens.current(CONTENT, SENDER)).token == "renewed-1"
    assert identity.calls == 1


async def test_a_cookie_without_an_access_token_is_renewed_and_remembered() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)

    for _ in range(2):
        assert (await tokens.current(content(access=None), SENDER)).token == "renewed-1"
    assert identity.calls == 1


async def test_a_rejected_token_is_replaced() -> None:
    identity = IdentityStub(FakeClock())

    renewed = await access_tokens(identity).current(CONTENT, SENDER, rejected="first")

    assert renewed.token == "renewed-1"


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
async def test_a_passing_failure_leaves_the_token_that_is_still_good(error: BffError) -> None:
    identity = IdentityStub(FakeClock())
    identity.fail_with(error)
    identity.clock.advance(LIFETIME - 1)

    assert await access_tokens(identity).current(CONTENT, SENDER) == CONTENT.access


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
async def test_a_passing_failure_without_a_good_token_is_no_sign_out(error: BffError) -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.fail_with(error)
    identity.clock.advance(LIFETIME)

    with pytest.raises(Unavailable) as refusal:
        await tokens.current(CONTENT, SENDER)

    assert refusal.value.retry_after
    identity.recover()
    assert (await tokens.current(CONTENT, SENDER)).token == "renewed-2"


async def test_a_failed_identity_is_not_asked_with_every_request() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.fail_with(PASSING["silent"])
    identity.clock.advance(LIFETIME - EARLY)

    for _ in range(20):
        await tokens.current(CONTENT, SENDER)
    assert identity.calls == 1
    identity.clock.advance(REST_SECONDS)
    await tokens.current(CONTENT, SENDER)
    assert identity.calls == 2


async def test_a_silent_identity_makes_nobody_wait_whose_token_is_good() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.held.clear()
    identity.clock.advance(LIFETIME - EARLY)

    assert await tokens.current(CONTENT, SENDER) == CONTENT.access
    identity.held.set()

    assert (await tokens.current(CONTENT, SENDER)).token == "renewed-1"
    assert identity.calls == 1


@pytest.mark.parametrize("code", FINAL)
async def test_a_refusal_of_identity_ends_the_session(code: str) -> None:
    identity = IdentityStub(FakeClock())
    identity.fail_with(IDENTITY_ERRORS[code]())
    identity.clock.advance(LIFETIME - 1)

    with pytest.raises(SessionOver):
        await access_tokens(identity).current(CONTENT, SENDER)


async def test_one_who_leaves_takes_the_renewal_from_nobody() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.clock.advance(LIFETIME)
    first, second = (asyncio.ensure_future(tokens.current(CONTENT, SENDER)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).token == "renewed-1"
    assert identity.calls == 1


async def test_the_token_that_lives_longer_is_used() -> None:
    identity = IdentityStub(FakeClock())
    tokens = access_tokens(identity)
    identity.clock.advance(LIFETIME)
    await tokens.current(CONTENT, SENDER)
    newer = content(access=access("newer", identity.clock.now().timestamp() + 1))

    assert (await tokens.current(newer, SENDER)).token == "newer"
