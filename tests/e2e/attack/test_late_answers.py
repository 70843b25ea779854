"""A service that sends answers nobody has asked for: no user gets another's."""

import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.upstream import RecordedRequest, http
from tests.e2e.attack.wire import RawResponse, request

ME = "/bff/v1/teacher/me"
LATE = 0.15
USERS = {"anna": bearer(token("anna")), "erik": bearer(token("erik"))}


def ask(edge: Edge, user: str, method: str = "GET", target: str = ME) -> RawResponse:
    return edge.ask(request(method, target, [("Authorization", USERS[user])]))


def own(seen: RecordedRequest, *, named: bool = False) -> bytes:
    """An answer that shows its user and, if `named`, the id of its request."""
    [user] = seen.values("X-User-ID")
    correlation_id = [("X-Correlation-ID", seen.values("X-Correlation-ID")[0])] if named else []
    return http(body=json.dumps({"user": user}).encode(), headers=correlation_id)


def later(client: socket.socket, second: bytes) -> None:
    def send() -> None:
        time.sleep(LATE)
        client.sendall(second)

    threading.Thread(target=send, daemon=True).start()


def bodiless(status: str) -> Callable[[RecordedRequest], bytes]:
    return lambda _: f"HTTP/1.1 {status}\r\n\r\n".encode()


FIRST: dict[str, tuple[str, Callable[[RecordedRequest], bytes]]] = {
    "a second answer": ("GET", own),
    "a body after 304": ("GET", bodiless("304 Not Modified")),
    "a body after 204": ("GET", bodiless("204 No Content")),
    "a body after HEAD": ("HEAD", lambda seen: own(seen).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"),
}


@pytest.mark.parametrize("name", FIRST)
def test_what_comes_late_is_nobody_s(edge: Edge, name: str) -> None:
    method, first = FIRST[name]

    def twice(client: socket.socket, seen: RecordedRequest) -> bool:
        client.sendall(first(seen))
        later(client, own(seen))
        return True

    for _ in range(3):
        edge.teacher.answers[ME] = twice
        ask(edge, "anna", method)
        time.sleep(2 * LATE)
        edge.teacher.answers[ME] = once

        reply = ask(edge, "erik")

        assert (reply.status, json.loads(reply.body)) == (200, {"user": "erik"})


def once(client: socket.socket, seen: RecordedRequest) -> bool:
    client.sendall(own(seen))
    return True


def test_an_answer_to_another_request_is_nobody_s(edge: Edge) -> None:
    """It arrives while the next request is in flight: only the request's id shows it."""
    held: list[bytes] = []

    def off_by_one(client: socket.socket, seen: RecordedRequest) -> bool:
        answer = own(seen, named=True)
        client.sendall(held.pop() if held else answer)
        held.append(answer)
        return True

    edge.teacher.answers[ME] = off_by_one
    ask(edge, "anna")

    reply = ask(edge, "erik")

    assert (reply.status, reply.error["code"]) == (502, "EXTERNAL_SERVICE_ERROR")
    assert b"anna" not in reply.raw
