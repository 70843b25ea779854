"""A client that disconnects cancels its request to the service, whatever the method."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.conftest import token
from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.upstream import RecordedRequest, recording
from tests.e2e.attack.wire import connect, request

CALLERS = 10
SLOW = "/v1/teacher/batches/slow"
BODY = b'{"decisions": []}'
IN_FLIGHT = "gateway_http_requests_in_flight"


class Waiting:
    """Never answers, and counts connections that came and that closed."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def __call__(self, client: socket.socket, _: RecordedRequest) -> None:
        self.came.release()
        client.settimeout(10)
        if client.recv(1) == b"":
            self.left.release()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Gateway, Waiting]]:
    waiting = Waiting()
    with recording() as teacher:
        teacher.answers |= {SLOW: waiting, f"/bff{SLOW}": waiting}
        with gateway(folder, {"BFF_TEACHER_URL": teacher.url}) as running:
            yield running, waiting


def in_flight(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(IN_FLIGHT + " ")))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_caller_who_leaves_ends_what_was_asked_for_them(tmp_path: Path, method: str) -> None:
    headers = [("Authorization", bearer(token()))]
    body = b""
    if method == "POST":
        body = BODY
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    with serving(tmp_path) as (running, waiting), ExitStack() as stack:
        for _ in range(CALLERS):
            client = stack.enter_context(connect(running.port))
            client.sendall(request(method, f"/bff{SLOW}", headers) + body)
        came = [waiting.came.acquire(timeout=5) for _ in range(CALLERS)]
        during = in_flight(running.port)
        stack.close()
        left = [waiting.left.acquire(timeout=5) for _ in range(CALLERS)]
        after = in_flight(running.port)

    assert (all(came), all(left)) == (True, True)
    # The scrape counts itself.
    assert (during, after) == (CALLERS + 1, 1)
