"""A session's access token is renewed in passing; only Identity's refusal ends the session."""

import socket

import pytest

from services.gateway.implementations.session_cookie import AccessToken
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.sessions import (
    EVENTS,
    Browser,
    IdentityStandIn,
    browser,
    made_by_hand,
    now,
    reason_of,
)
from tests.e2e.attack.upstream import RecordedRequest
from tests.e2e.attack.wire import connect, request


@pytest.fixture(autouse=True)
def identity(edge: Edge) -> IdentityStandIn:
    stand_in = IdentityStandIn(edge.identity)
    stand_in.install()
    return stand_in


def test_a_renewed_token_goes_into_the_cookie(edge: Edge, identity: IdentityStandIn) -> None:
    at = now().timestamp()
    due = AccessToken(identity.access("teacher-anna"), at + 30, at - 1)
    anna = Browser(edge.gateway, made_by_hand(access=due, session_id="due"))
    before = anna.cookie

    for _ in range(3):
        assert anna.send().status == 200

    assert len(identity.calls("refresh")) == 1
    assert anna.cookie not in {before, None}
    tokens = [seen.values("Authorization")[0] for seen in edge.teacher.seen]
    assert f"Bearer {due.token}" not in tokens
    assert len(set(tokens)) == 1


def test_an_outage_of_identity_signs_nobody_out(edge: Edge, identity: IdentityStandIn) -> None:
    identity.lifetime = 2
    anna = browser(edge)
    identity.is_down = True
    ends_at = now().timestamp() + 2
    replies = []

    while now().timestamp() < ends_at + 0.5:
        replies.append(reply := Browser(edge.gateway, anna.cookie).send())
        assert reply.values("Set-Cookie") == []

    reply, statuses = replies[-1], [one.status for one in replies]
    assert set(statuses) == {200, 503}
    assert statuses == sorted(statuses)
    assert (reply.error["code"], reply.value("Retry-After")) == ("SERVICE_UNAVAILABLE", "2")
    identity.is_down = False
    assert anna.send().status == 200


FINAL = [
    (401, "IDENTITY_TOKEN_INVALID"),
    (403, "IDENTITY_ACCESS_DENIED"),
    (400, "VALIDATION_ERROR"),
]


@pytest.mark.parametrize("refusal", FINAL, ids=str)
def test_a_refusal_of_identity_signs_out(
    edge: Edge, identity: IdentityStandIn, refusal: tuple[int, str]
) -> None:
    anna = Browser(edge.gateway, made_by_hand(access=None, session_id=f"refused-{refusal[0]}"))
    kept = anna.cookie
    identity.refusal = refusal

    reply = anna.send()

    assert (reply.status, reason_of(reply)) == (401, "session_ended")
    assert anna.cookie is None
    identity.refusal = None
    assert Browser(edge.gateway, kept).send().status == 401
    assert len(identity.calls("refresh")) == 1


PASSING = [(429, "RATE_LIMIT"), (500, "UNKNOWN_ERROR"), (503, "X"), (404, "RESOURCE_NOT_FOUND")]


@pytest.mark.parametrize("refusal", PASSING, ids=str)
def test_a_passing_failure_of_identity_signs_nobody_out(
    edge: Edge, identity: IdentityStandIn, refusal: tuple[int, str]
) -> None:
    anna = Browser(edge.gateway, made_by_hand(access=None, session_id=f"passing-{refusal[0]}"))
    identity.refusal = refusal

    assert anna.send().status == 503
    identity.refusal = None

    assert anna.send().status == 200


def test_a_stream_ends_with_its_session_and_no_other(edge: Edge) -> None:
    edge.teacher.answers[EVENTS] = hold_stream
    anna, other = browser(edge), browser(edge)
    ended, open_still = (connect(edge.gateway.port) for _ in range(2))
    with ended, open_still:
        for client, who in ((ended, anna), (open_still, other)):
            client.sendall(request("GET", EVENTS, [("Cookie", who.cookie or "")]))
            read_until(client, b"data: here\n\n\r\n")

        anna.sign_out()

        assert read_until(ended, b"0\r\n\r\n") == b"0\r\n\r\n"
        open_still.settimeout(0.2)
        with pytest.raises(TimeoutError):
            open_still.recv(4096)


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Everything received up to `end`, in as many pieces as it takes."""
    received = b""
    while not received.endswith(end):
        piece = client.recv(4096)
        assert piece, received
        received += piece
    return received


def hold_stream(client: socket.socket, _: RecordedRequest) -> bool:
    """One event, and then silence until the other end closes."""
    client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"c\r\ndata: here\n\n\r\n"
    )
    client.recv(1)
    return False
