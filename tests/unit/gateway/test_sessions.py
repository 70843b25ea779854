"""A session ends by time, by sign-out and by a refusal, and its cookie is renewed sparingly."""

from collections.abc import Callable
from typing import cast

import pytest

from bff_core.errors import DownstreamFailed
from bff_core.observability import Metrics
from bff_core.testing import FakeClock
from services.gateway.implementations.identity import IDENTITY_ERRORS, IdentitySessions
from services.gateway.implementations.session_cookie import (
    CookieFormat,
    SessionContent,
    SessionKeys,
    SessionSealer,
)
from services.gateway.implementations.sessions import SessionRefused, Sessions
from tests.unit.gateway.sessions import (
    CONTENT,
    LIFETIME,
    SENDER,
    IdentityStub,
    access,
    access_tokens,
    content,
    session_marks,
)

IDLE = 7200.0
SEALER = SessionSealer(SessionKeys(["a-key-of-more-than-thirty-two-characters"]), "production")
FORM = CookieFormat(plain=False)


def sessions_of(identity: IdentityStub) -> Sessions:
    events = Metrics("test").make.counter("events_total", "Events.", "event")
    return Sessions(
        SEALER,
        session_marks(identity.clock),
        access_tokens(identity),
        cast("IdentitySessions", None),  # nobody signs in or out here
        lifetime=86_400,
        idle=IDLE,
        clock=identity.clock,
        events=events,
    )


@pytest.fixture
def identity() -> IdentityStub:
    return IdentityStub(FakeClock())


@pytest.fixture
def sessions(identity: IdentityStub) -> Sessions:
    return sessions_of(identity)


def test_a_fresh_session_opens(sessions: Sessions) -> None:
    assert sessions.open(SEALER.seal(CONTENT)) == CONTENT


TOO_OLD: dict[str, tuple[float, Callable[[], SessionContent]]] = {
    "session_idle": (IDLE, lambda: CONTENT),
    "session_expired": (86_400, lambda: content(seen_at=CONTENT.created_at + 86_399)),
}


@pytest.mark.parametrize("reason", TOO_OLD)
def test_a_session_ends_by_time(reason: str, identity: IdentityStub, sessions: Sessions) -> None:
    seconds, make = TOO_OLD[reason]
    sealed = SEALER.seal(make())
    identity.clock.advance(seconds - 0.1)
    sessions.open(sealed)
    identity.clock.advance(0.2)

    with pytest.raises(SessionRefused) as refusal:
        sessions.open(sealed)

    assert refusal.value.details["reason"] == reason


async def test_everywhere_ends_the_sessions_until_then_and_no_later_one(
    identity: IdentityStub, sessions: Sessions
) -> None:
    await sessions.end_all(CONTENT)
    identity.clock.advance(1)
    later = content(session_id="s-2", created_at=identity.clock.now().timestamp())

    for other in (CONTENT, content(session_id="s-3")):
        with pytest.raises(SessionRefused):
            sessions.open(SEALER.seal(other))
    assert sessions.open(SEALER.seal(later)) == later


async def test_a_session_that_identity_refuses_stays_ended(
    identity: IdentityStub, sessions: Sessions
) -> None:
    identity.fail_with(IDENTITY_ERRORS["IDENTITY_ACCESS_DENIED"]())
    identity.clock.advance(LIFETIME)

    with pytest.raises(SessionRefused):
        await sessions.access(CONTENT, SENDER)

    with pytest.raises(SessionRefused):
        sessions.open(SEALER.seal(CONTENT))


def test_a_cookie_is_sealed_anew_once_a_tenth_of_the_idle_time_has_passed(
    identity: IdentityStub, sessions: Sessions
) -> None:
    first = access("first")
    identity.clock.advance(IDLE / 10 - 1)
    assert sessions.renewed(CONTENT, first) is None
    identity.clock.advance(1)

    renewed = sessions.renewed(CONTENT, first)

    assert renewed == content(seen_at=identity.clock.now().timestamp())


def test_a_renewed_token_is_sealed_at_once(sessions: Sessions) -> None:
    second = access("second")

    renewed = sessions.renewed(CONTENT, second)

    assert renewed is not None
    assert renewed.access == second


def test_a_cookie_that_is_too_small_for_both_tokens_leaves_the_access_token_out(
    sessions: Sessions,
) -> None:
    cookie = sessions.cookie(content(access=access("x" * 3000)), FORM)

    opened = SEALER.open(FORM.find(cookie.partition(";")[0]) or "")
    assert opened == content(access=None)
    assert len(cookie) < 4096


def test_a_refresh_token_that_fits_into_no_cookie_opens_no_session(sessions: Sessions) -> None:
    with pytest.raises(DownstreamFailed):
        sessions.cookie(content(refresh_token="x" * 3000), FORM)


def test_nothing_of_a_session_is_shown_in_logs() -> None:
    shown = f"{CONTENT!r} {CONTENT.access!r} {CONTENT}"

    for part in (CONTENT.refresh_token, CONTENT.csrf, CONTENT.email, "first"):
        assert part not in shown
