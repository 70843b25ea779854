"""On SIGTERM the gateway ends its event streams at once and completes requests in flight."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.conftest import token
from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.upstream import RecordedRequest, Responder, http, recording
from tests.e2e.attack.wire import RawResponse, ask, connect, read_response, request

EVENTS, SLOW = "/v1/teacher/events", "/v1/teacher/slow"
STREAMS = 10
LIMIT = 30.0
"""Seconds for a busy machine."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'id: e-1\nevent: batch_changed\ndata: {"version": 1}\n\n'


def byte_by_byte(pause: float) -> Responder:
    def answer(client: socket.socket, _: RecordedRequest) -> None:
        client.sendall(HEAD)
        while True:
            for byte in EVENT:
                client.sendall(b"1\r\n%c\r\n" % byte)
                time.sleep(pause)

    return answer


def at_rest(client: socket.socket, _: RecordedRequest) -> None:
    whole_and_half = EVENT + EVENT[:20]
    client.sendall(HEAD + b"%x\r\n%s\r\n" % (len(whole_and_half), whole_and_half))
    client.recv(1)


def slowly(asking: threading.Event) -> Responder:
    def answer(client: socket.socket, _: RecordedRequest) -> None:
        asking.set()
        time.sleep(2.0)
        client.sendall(http(body=b'{"slow": true}'))

    return answer


@contextmanager
def serving(
    folder: Path, events: Responder, *, asking: threading.Event | None = None, **more: str
) -> Iterator[Gateway]:
    """A gateway before a service with streams and a slow route, which sets `asking`."""
    slow = slowly(asking or threading.Event())
    with recording() as teacher:
        teacher.answers |= {f"/bff{EVENTS}": events, EVENTS: events}
        teacher.answers |= {f"/bff{SLOW}": slow, SLOW: slow}
        with gateway(folder, {"BFF_TEACHER_URL": teacher.url, **more}) as running:
            yield running


def asked(port: int, path: str, stack: ExitStack) -> socket.socket:
    client = stack.enter_context(connect(port))
    client.sendall(request("GET", f"/bff{path}", [("Authorization", bearer(token()))]))
    return client


def until_admitted(port: int, path: str) -> RawResponse:
    """The first answer that is no 503: a slot is free a moment after its answer has been read."""
    end = time.monotonic() + LIMIT
    while True:
        with ExitStack() as stack:
            answer = read_response(asked(port, path, stack))
        if answer.status != 503 or time.monotonic() > end:
            return answer
        time.sleep(0.05)


def until_streaming(port: int, stack: ExitStack) -> None:
    end = time.monotonic() + LIMIT
    while not asked(port, EVENTS, stack).recv(4096).startswith(b"HTTP/1.1 200"):
        assert time.monotonic() < end
        time.sleep(0.05)


def timed(client: socket.socket) -> tuple[RawResponse, float]:
    return read_response(client), time.monotonic()


@pytest.mark.parametrize("pace", ["at rest", "quick bytes", "slow bytes"])
def test_on_sigterm_it_ends_streams_between_events_and_answers_the_rest(
    tmp_path: Path, pace: str
) -> None:
    asking = threading.Event()
    events = {"quick bytes": byte_by_byte(0.002), "slow bytes": byte_by_byte(0.05)}.get(
        pace, at_rest
    )
    with (
        serving(tmp_path, events, asking=asking, API_GATEWAY_SHUTDOWN_GRACE="60") as running,
        ExitStack() as stack,
        ThreadPoolExecutor(STREAMS + 1) as pool,
    ):
        clients = [asked(running.port, EVENTS, stack) for _ in range(STREAMS)]
        streams = [pool.submit(timed, client) for client in clients]
        # Long enough for the slowest to have sent a whole event and some bytes.
        time.sleep(3.3 if pace == "slow bytes" else 0.5)
        slow = pool.submit(timed, asked(running.port, SLOW, stack))
        assert asking.wait(LIMIT)
        told = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        answer, answered = slow.result(LIMIT)
        # Within the grace period, which is longer.
        code = running.process.wait(LIMIT)

        check_streams(streams, told, answered)
        assert (answer.status, json.loads(answer.body)) == (200, {"slow": True})
    assert code == 0


def check_streams(
    streams: list[Future[tuple[RawResponse, float]]], told: float, answered: float
) -> None:
    """Each ended before the slow answer: the rest of an event was not waited for."""
    for stream in streams:
        reply, ended = stream.result()
        assert reply.ended == "chunk"
        assert reply.body
        assert reply.body == EVENT * (len(reply.body) // len(EVENT))
        assert told < ended < answered


def test_streams_free_their_slot_and_have_a_limit_of_their_own(tmp_path: Path) -> None:
    with (
        serving(
            tmp_path, at_rest, API_GATEWAY_MAX_IN_FLIGHT="1", API_GATEWAY_OPEN_STREAMS="3"
        ) as running,
        ExitStack() as stack,
    ):
        for _ in range(3):
            until_streaming(running.port, stack)
        refused = read_response(asked(running.port, EVENTS, stack))
        slow = until_admitted(running.port, SLOW)
        stack.close()
        with ExitStack() as again:
            until_streaming(running.port, again)

    assert (refused.status, refused.error["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(refused.value("retry-after") or 0) >= 1
    assert slow.status == 200


def test_while_it_drains_no_stream_is_let_in(tmp_path: Path) -> None:
    with (
        serving(tmp_path, at_rest, API_GATEWAY_SHUTDOWN_DELAY="3") as running,
        ExitStack() as stack,
    ):
        running.process.send_signal(signal.SIGTERM)
        while ask(running.port, request("GET", "/ready"), timeout=LIMIT).status == 200:
            time.sleep(0.02)
        refused = read_response(asked(running.port, EVENTS, stack))
        slow = read_response(asked(running.port, SLOW, stack))

    assert (refused.status, slow.status) == (503, 200)
    assert int(refused.value("retry-after") or 0) >= 1


def large(client: socket.socket, _: RecordedRequest) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
    with suppress(OSError):
        client.sendall(b"x" * 50_000_000)


def test_client_that_does_not_read_cannot_delay_the_end(tmp_path: Path) -> None:
    with (
        serving(tmp_path, large, API_GATEWAY_SHUTDOWN_GRACE="1") as running,
        ExitStack() as stack,
    ):
        asked(running.port, EVENTS, stack)
        time.sleep(1)
        running.process.send_signal(signal.SIGTERM)

        assert running.process.wait(LIMIT) == 0
