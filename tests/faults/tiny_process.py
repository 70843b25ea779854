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

SERVICE = Path(__file__).with_name("tiny_service.py")
LIMIT = 10.0


ENGINES = ("hypercorn", "granian")


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    port: int
    output: Path
    host: str = "127.0.0.1"

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


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(family_of(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


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
        process.kill()
        process.wait(LIMIT)


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
