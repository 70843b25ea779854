"""A service as a process: how it starts, what raw bytes do to it, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bff_core.testing import SECRET

SERVICE = Path(__file__).with_name("tiny_service.py")
LIMIT = 10.0


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    output: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_bytes().splitlines()]

    async def send(self, raw: bytes) -> "Answer":
        reader, writer = await self.connect(raw)
        try:
            async with asyncio.timeout(LIMIT):
                return await read_answer(reader, has_body=not raw.startswith(b"HEAD"))
        finally:
            writer.close()

    async def connect(self, raw: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        await writer.drain()
        return reader, writer

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        code: str = json.loads(self.body)["error"]["code"]
        return code


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    length = int(headers.get("content-length", "0")) if has_body else 0
    return Answer(int(first.split(" ")[1]), headers, await reader.readexactly(length))


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "testing"} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service(folder: Path, **more: str) -> Iterator[Running]:
    port, output = free_port(), folder / "output"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, str(SERVICE)],
            env=environment(TINY_SERVICE_PORT=str(port), **more),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output)
        yield Running(process, port, output)
    finally:
        process.kill()
        process.wait(LIMIT)


def wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, output.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(output.read_text())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("tiny")) as running:
        yield running


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return (
        "\r\n".join([f"{line} HTTP/1.1", "Host: tiny", *headers, "", ""]).encode("latin-1") + body
    )


def refused_start(**more: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [sys.executable, str(SERVICE)],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TINY_SERVICE_PORT", "no-port-77"),
        ("JWT_SECRET_KEY", ""),
        ("LOG_LEVEL", "loud-77"),
        ("TINY_SERVICE_POTR", "77"),
    ],
)
def test_bad_setting_is_one_line_and_exit_code_2(name: str, value: str) -> None:
    code, out, err = refused_start(**({"TINY_SERVICE_PORT": "4999"} | {name: value}))

    assert (code, out) == (2, "")
    assert err.startswith("cannot start: ")
    assert err.count("\n") == 1
    assert name in err
    assert "77" not in err


def test_taken_port_is_one_line(tiny: Running) -> None:
    code, _, err = refused_start(TINY_SERVICE_PORT=str(tiny.port))

    assert code == 2
    assert err.startswith("cannot start: ")
    assert str(tiny.port) in err
    assert err.count("\n") == 1


async def test_answer_names_no_server_and_bears_its_id(tiny: Running) -> None:
    answer = await tiny.send(request("GET /healthz"))

    assert answer.status == 200
    assert "server" not in answer.headers
    assert "x-correlation-id" in answer.headers


async def test_connection_is_kept_for_the_next_request(tiny: Running) -> None:
    reader, writer = await tiny.connect(request("GET /healthz") * 2)

    answers = [await read_answer(reader), await read_answer(reader)]
    writer.close()

    assert [answer.status for answer in answers] == [200, 200]


async def test_head_has_no_body(tiny: Running) -> None:
    answer = await tiny.send(request("HEAD /healthz"))

    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (request("GET //healthz"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /v1//mine"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /%ff%00"), 404, "RESOURCE_NOT_FOUND"),
        (request("GET /v1/mine"), 401, "AUTHENTICATION_ERROR"),
        (request("GET /v1/mine", "Authorization: Bearer \xe5"), 401, "AUTHENTICATION_ERROR"),
        (request("GET /v1/mine", "X-User-ID: a", "X-User-ID: b"), 400, "INVALID_REQUEST"),
        (request("DELETE /healthz"), 405, "METHOD_NOT_ALLOWED"),
        (request("OPTIONS *"), 404, "RESOURCE_NOT_FOUND"),
        (request("POST /v1/notes", "Content-Length: 2", body=b"{}"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            request(
                "POST /v1/notes",
                "Content-Type: application/json",
                "Content-Length: 70000",
                body=b"x" * 70_000,
            ),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            request(
                "POST /v1/notes",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                body=b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n",
            ),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            request("POST /v1/notes", "Content-Type: application/json", "Content-Length: 9"),
            400,
            "INVALID_REQUEST",
        ),
    ],
    ids=range(12),
)
async def test_refusal_of_raw_bytes_is_the_envelope(
    tiny: Running, raw: bytes, status: int, code: str
) -> None:
    answer = await tiny.send(raw)

    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "host", ["", "a b", "::::", "a/b", "x" * 300, "\xe5", "[::1", "a:b:c", "@"]
)
async def test_odd_host_never_crashes(tiny: Running, host: str) -> None:
    raw = f"GET /v1/mine HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")

    answer = await tiny.send(raw)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        request("GET /healthz", "X: " + "y" * 200_000),
        request("POST /v1/notes", "Content-Length: x"),
        request("POST /v1/notes", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ],
    ids=range(7),
)
async def test_what_is_no_http_is_a_bare_refusal(tiny: Running, raw: bytes) -> None:
    answer = await tiny.send(raw)

    assert 400 <= answer.status < 500


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_upgrade_is_not_taken(tiny: Running, protocol: str) -> None:
    upgrade = request(
        "GET /v1/mine",
        "Connection: Upgrade, HTTP2-Settings",
        f"Upgrade: {protocol}",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )

    answer = await tiny.send(upgrade)

    assert (answer.status, answer.code) == (401, "AUTHENTICATION_ERROR")


async def test_caller_that_hangs_up_harms_nobody(tiny: Running) -> None:
    _, writer = await tiny.connect(request("GET /v1/slow"))
    await asyncio.sleep(0.2)
    writer.transport.abort()

    async with asyncio.timeout(LIMIT):
        while not any(line.get("route") == "/v1/slow" for line in tiny.lines()):
            await asyncio.sleep(0.05)

    assert (await tiny.send(request("GET /healthz"))).status == 200
    metrics = (await tiny.send(request("GET /metrics"))).body
    assert b"tiny_http_requests_in_flight 1.0" in metrics


async def test_nothing_above_was_a_crash(tiny: Running) -> None:
    events = {(line["event"], line.get("text", "")[:80]) for line in tiny.lines()}

    assert {event for event, _ in events} <= {"request", "request_failed"}, events


async def test_told_to_stop_it_ends_what_is_in_flight(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        reader, writer = await running.connect(request("GET /v1/slow"))
        await asyncio.sleep(0.3)

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert (answer.status, answer.body) == (200, b'{"seconds":1.0}')
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_idle_connection_does_not_delay_the_end(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        reader, writer = await running.connect(request("GET /healthz"))
        await read_answer(reader)
        started = time.monotonic()

        code = await asyncio.to_thread(running.end)
        writer.close()

        assert code == 0
        assert time.monotonic() - started < 3.0


async def test_work_beyond_the_grace_period_is_given_up(tmp_path: Path) -> None:
    with service(tmp_path, TINY_SERVICE_SHUTDOWN_GRACE="0.1") as running:
        _, writer = await running.connect(request("GET /v1/slow"))
        await asyncio.sleep(0.3)
        started = time.monotonic()

        await asyncio.to_thread(running.end)
        writer.close()

        assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_well(tmp_path: Path, name: signal.Signals) -> None:
    with service(tmp_path) as running:
        running.process.send_signal(name)

        assert running.process.wait(LIMIT) == 0
        assert running.output.read_bytes() == b""
