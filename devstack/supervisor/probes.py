"""Readiness checks of processes over their own ports."""

import asyncio
from collections.abc import Awaitable, Callable

from devstack.supervisor.stack import HOST, Probe

PROBE_SECONDS = 2.0


def http_probe(path: str) -> Probe:
    """A probe that is satisfied by 200 for `GET path`."""

    async def probe(port: int) -> str | None:
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        line, fault = await _first_line(port, request.encode())
        words = line.split()
        if len(words) > 1 and words[0].startswith(b"HTTP/"):
            return (
                None
                if words[1] == b"200"
                else f"GET {path} answers {words[1].decode('ascii', 'replace')}"
            )
        return fault or f"it does not speak HTTP on port {port}"

    return probe


async def redis_probe(port: int) -> str | None:
    line, fault = await _first_line(port, b"*1\r\n$4\r\nPING\r\n")
    return None if line == b"+PONG\r\n" else fault or f"it answers PING with {line[:60]!r}"


async def kafka_probe(port: int) -> str | None:
    """Asks for the versions of the protocol, which every broker answers."""
    request_id = b"up??"
    request = b"\x00\x12\x00\x00" + request_id + b"\xff\xff"
    sized = len(request).to_bytes(4, "big") + request
    answer, fault = await _exchange(port, sized, lambda reader: reader.readexactly(8))
    return None if answer[4:] == request_id else fault or "it does not speak Kafka's protocol"


async def _first_line(port: int, request: bytes) -> tuple[bytes, str | None]:
    """The first line of the answer, or why there is none."""
    return await _exchange(port, request, lambda reader: reader.readline())


async def _exchange(
    port: int, request: bytes, read: Callable[[asyncio.StreamReader], Awaitable[bytes]]
) -> tuple[bytes, str | None]:
    """The part of the answer that is read, or why there is none."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request)
                return await read(reader), None
            finally:
                writer.close()
    except TimeoutError:
        return b"", f"port {port} does not answer within {PROBE_SECONDS:g} s"
    except (OSError, ValueError, asyncio.IncompleteReadError):
        return b"", f"nothing answers on port {port}"
