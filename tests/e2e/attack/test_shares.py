"""One caller cannot stop everybody: what is scarce is shared among the callers."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import token
from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.upstream import RecordingUpstream, recording
from tests.e2e.attack.wire import RawResponse, connect, read_response, request

CONFIRM = "/bff/v1/teacher/batches/7b0f1f0e-2f0d-4a6b-9a53-0f8a6f7f6f01/associations/confirm"
SHARE = 64
"""Requests of one user that the gateway answers at a time."""


@pytest.fixture
def service() -> Iterator[RecordingUpstream]:
    with recording() as upstream:
        yield upstream


def urls(service: RecordingUpstream, **more: str) -> dict[str, str]:
    return {"BFF_TEACHER_URL": service.url, "IDENTITY_SERVICE_URL": service.url, **more}


def slow_confirm(user: str) -> bytes:
    """Announces 1,000 bytes of body and sends one."""
    headers = [
        ("Authorization", bearer(token(user))),
        ("Content-Type", "application/json"),
        ("Content-Length", "1000"),
    ]
    return request("POST", CONFIRM, headers) + b"{"


def read(process: Gateway, user: str) -> RawResponse:
    headers = [("Authorization", bearer(token(user)))]
    return process.ask(request("GET", "/bff/v1/teacher/dashboard", headers), timeout=30)


def send_slowly(stack: ExitStack, process: Gateway, user: str, times: int) -> list[socket.socket]:
    clients = [stack.enter_context(connect(process.port, timeout=60)) for _ in range(times)]
    raw = slow_confirm(user)
    for client in clients:
        client.sendall(raw)
    return clients


def statuses(replies: list[RawResponse]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


def test_590_bodies_of_one_byte_get_one_teacher_429_and_nobody_else(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    with ExitStack() as stack:
        process = stack.enter_context(gateway(tmp_path, urls(service)))
        read(process, "teacher-0")
        slow = send_slowly(stack, process, "greedy", 590)
        others = [read(process, f"teacher-{number}") for number in range(24)]
        replies = [read_response(client) for client in slow]

    assert statuses(others) == {200: 24}
    # 408 for those whose body the gateway waited for.
    assert set(statuses(replies)) == {408, 429}
    assert statuses(replies)[408] == SHARE
    refused = next(reply for reply in replies if reply.status == 429)
    assert_envelope(refused)
    assert refused.value("Retry-After") == "1"
    # No service was asked: a body that is not there holds none of its slots.
    assert {seen.method for seen in service.seen} == {"GET"}


@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", "Content-Length: 70000"])
def test_body_that_does_not_come_reaches_no_service(
    tmp_path: Path, service: RecordingUpstream, head: str
) -> None:
    name, _, value = head.partition(": ")
    headers = [("Authorization", bearer(token("slow"))), ("Content-Type", "application/json")]
    raw = request("POST", CONFIRM, [*headers, (name, value)])
    given = urls(service, API_GATEWAY_REQUEST_BUDGET="1")
    with gateway(tmp_path, given) as process, connect(process.port, timeout=30) as client:
        client.sendall(raw + (b"1\r\n{\r\n" if "chunked" in head else b"{"))
        reply = read_response(client)

    assert reply.status == 408
    assert service.seen == []


def test_strangers_share_by_address_and_leave_room_for_users(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    login = [("Content-Type", "application/json"), ("Content-Length", "1000")]
    raw = request("POST", "/v1/auth/login", login) + b"{"
    with ExitStack() as stack:
        process = stack.enter_context(gateway(tmp_path, urls(service)))
        clients = [stack.enter_context(connect(process.port, timeout=60)) for _ in range(200)]
        for client in clients:
            client.sendall(raw)
        other = read(process, "teacher-1")
        replies = [read_response(client) for client in clients]

    assert other.status == 200
    assert statuses(replies) == {408: SHARE, 429: 200 - SHARE}


def test_idle_connections_beyond_the_limit_stop_nobody(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    with ExitStack() as stack:
        process = stack.enter_context(
            gateway(tmp_path, urls(service, API_GATEWAY_MAX_CONNECTIONS="200"))
        )
        for _ in range(500):
            stack.enter_context(connect(process.port, timeout=60))
        replies = [read(process, "teacher-1") for _ in range(10)]
        health = process.ask(request("GET", "/healthz"), timeout=30)

    assert statuses([*replies, health]) == {200: 11}
    assert any("idle_connections_closed" in line for line in process.lines())
