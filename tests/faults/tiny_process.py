"""The tiny service as a process, and raw bytes to and from it."""

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

from bff_core.testing import SECRET
from tests import child_process
from tests.ports import family_of, free_port

SERVICE = Path(__file__).with_name("tiny_service.py")
LIMIT = 30.0
"""Seconds for a busy machine."""
IN_FLIGHT = "tiny_http_requests_in_flight "


ENGINES = ("hypercorn", "granian")


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    output: Path
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

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
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(raw)
        await writer.drain()
        return reader, writer

    async def until_in_flight(self, number: int) -> None:
        """Wait until the process works on so many requests, the one that asks not counted."""
        async with asyncio.timeout(LIMIT):
            while await self._in_flight() <= number:
                await asyncio.sleep(0.02)

    async def until_idle(self) -> None:
        """Wait until the process works on nothing but the question."""
        async with asyncio.timeout(LIMIT):
            while await self._in_flight() > 1:
                await asyncio.sleep(0.02)

    async def _in_flight(self) -> float:
        metrics = (await self.send(request("GET /metrics"))).body.decode()
        [line] = [one for one in metrics.splitlines() if one.startswith(IN_FLIGHT)]
        return float(line.removeprefix(IN_FLIGHT))

    async def until_draining(self) -> "Answer":
        """The answer of `/ready` once it is no longer 200."""
        async with asyncio.timeout(LIMIT):
            while (ready := await self.send(request("GET /ready"))).status == 200:
                await asyncio.sleep(0.02)
        return ready

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
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "FAST_PATH") if name in os.environ}
    return kept | {"JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "testing"} | more


@contextmanager
def service(
    folder: Path, *, host: str = "127.0.0.1", descriptors: int | None = None, **more: str
) -> Iterator[Running]:
    """The service until the block ends; it may have so many descriptors open."""
    port, output = free_port(host), folder / "output"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [*limited_to(descriptors), sys.executable, str(SERVICE)],
            env=environment(TINY_SERVICE_HOST=host, TINY_SERVICE_PORT=str(port), **more),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output, host)
        yield Running(process, port, output, host)
    finally:
        child_process.kill(process)


def limited_to(descriptors: int | None) -> list[str]:
    """The beginning of a command that runs with a limit of open descriptors."""
    if descriptors is None:
        return []
    return ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"]


def wait_for(
    port: int, process: subprocess.Popen[bytes], output: Path, host: str = "127.0.0.1"
) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, output.read_text()
        with socket.socket(family_of(host)) as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(output.read_text())


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
