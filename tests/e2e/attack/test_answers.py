"""Failures of a service become errors in the envelope, or an aborted response."""

import socket
import struct
import time

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.process import gateway
from tests.e2e.attack.upstream import RecordedRequest, answer_bytes, http
from tests.e2e.attack.wire import request
from tests.ports import free_port

TARGET = "/bff/v1/teacher/dashboard"
ENVELOPE = (
    b'{"error":{"code":"RESOURCE_NOT_FOUND","message":"m","correlation_id":"c",'
    b'"service":"bff_teacher","timestamp":"t","details":{}}}'
)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def hang(client: socket.socket, _: RecordedRequest) -> None:
    client.settimeout(6)
    client.recv(1)


def reset_at_once(client: socket.socket, _: RecordedRequest) -> None:
    reset(client)


def hang_up(client: socket.socket, _: RecordedRequest) -> None:
    client.close()


WRONG = {
    "resets": (reset_at_once, 503),
    "hangs up": (hang_up, 503),
    "hangs": (hang, 504),
    "half a status line": (answer_bytes(b"HTTP/1.1 2"), 503),
    "speaks no HTTP": (answer_bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), 502),
    "status of letters": (answer_bytes(b"HTTP/1.1 abc OK\r\n\r\n"), 502),
    "status out of range": (answer_bytes(b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"), 502),
    "switches protocols": (
        answer_bytes(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
        502,
    ),
    "two lengths": (
        answer_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
        502,
    ),
    "a header of 1 MB": (
        answer_bytes(b"HTTP/1.1 200 OK\r\nETag: " + b"x" * 1_000_000 + b"\r\n\r\n"),
        502,
    ),
    "HTML with 500": (answer_bytes(http(500, b"<h1>Traceback</h1>", kind="text/html")), 502),
    "HTML with 404": (answer_bytes(http(404, b"<h1>Not Found</h1>", kind="text/html")), 502),
    "text with 503": (answer_bytes(http(503, b"upstream", kind="text/plain")), 502),
    "nothing with 500": (answer_bytes(http(500, b"", kind=None)), 502),
    "other JSON with 500": (answer_bytes(http(500, b'{"error":"Internal server error"}')), 502),
    "stack trace in JSON": (
        answer_bytes(http(400, ENVELOPE.replace(b'"details"', b'"stack_trace":"x","details"'))),
        502,
    ),
    "broken JSON with 400": (answer_bytes(http(400, b'{"error":')), 502),
    "half an error": (
        answer_bytes(
            b"HTTP/1.1 500 E\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        ),
        502,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_service_that_lets_us_down_is_said_so(edge: Edge, name: str) -> None:
    answer, status = WRONG[name]
    edge.teacher.answers[TARGET] = answer

    reply = edge.as_teacher()

    assert reply.status in ({502, 503} if name == "half an error" else {status}), reply.raw
    assert_envelope(reply)
    assert b"Traceback" not in reply.raw
    assert reply.error["details"]["service"] == "bff_teacher"
    if status == 503:
        assert int(reply.value("Retry-After") or 0) >= 1


def test_a_dead_service_is_unavailable(edge: Edge) -> None:
    admin = bearer(token("admin-1", roles=["admin"]))
    folder = edge.gateway.log.parent
    with gateway(folder, {"BFF_ADMIN_URL": f"http://127.0.0.1:{free_port()}"}) as process:
        reply = process.ask(request("GET", "/bff/v1/admin/overview", [("Authorization", admin)]))

    assert (reply.status, reply.error["code"]) == (503, "CONNECTION_ERROR")
    assert int(reply.value("Retry-After") or 0) >= 1
    assert_envelope(reply)


def test_an_envelope_of_a_service_goes_out_as_it_is(edge: Edge) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(
        http(404, ENVELOPE, [("Retry-After", "7"), ("ETag", '"1"')])
    )

    reply = edge.as_teacher()

    assert (reply.status, reply.body) == (404, ENVELOPE)
    assert (reply.value("Retry-After"), reply.value("ETag")) == ("7", '"1"')


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CUT = {
    "chunks, closed": (CHUNKED + b"5\r\nhello\r\n", hang_up),
    "chunks, closed inside one": (CHUNKED + b"500\r\nhello", hang_up),
    "chunks, reset": (CHUNKED + b"5\r\nhello\r\n", reset_at_once),
    "chunks, bad size": (CHUNKED + b"5\r\nhello\r\nzz\r\n", hang_up),
    "length, closed": (HEAD + b"Content-Length: 500\r\n\r\nhello", hang_up),
    "length, reset": (HEAD + b"Content-Length: 500\r\n\r\nhello", reset_at_once),
}


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("name", CUT)
def test_half_an_answer_never_looks_whole(edge: Edge, name: str, version: str) -> None:
    first, then = CUT[name]

    def answer(client: socket.socket, seen: RecordedRequest) -> None:
        client.sendall(first)
        time.sleep(0.05)
        then(client, seen)

    edge.teacher.answers[TARGET] = answer
    headers = [("Authorization", bearer(token()))]

    reply = edge.ask(request("GET", TARGET, headers, version=version))

    if reply.status == 200:
        assert reply.ended == "cut"
    else:
        assert_envelope(reply)


def test_an_answer_without_a_length_is_whole_for_an_old_client(edge: Edge) -> None:
    edge.teacher.answers[TARGET] = answer_bytes(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
    headers = [("Authorization", bearer(token()))]

    reply = edge.ask(request("GET", TARGET, headers, version="HTTP/1.0"))

    assert (reply.status, reply.body, reply.ended) == (200, b"hello", "length")
