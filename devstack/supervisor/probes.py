"""Readiness checks of processes over their own ports."""

import asyncio

from devstack.supervisor.stack import HOST, Probe

PROBE_SECONDS = 2.0


def http_probe(path: str) -> Probe:
    """A probe that is satisfied by 200 for `GET path`."""

    async def probe(port: int) -> bool:
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        words = (await _first_line(port, request.encode())).split()
        return len(words) > 1 and words[0].startswith(b"HTTP/") and words[1] == b"200"

    return probe


async def redis_probe(port: int) -> bool:
    return await _first_line(port, b"*1\r\n$4\r\nPING\r\n") == b"+PONG\r\n"


async def _first_line(port: int, request: bytes) -> bytes:
    """The first line of the answer; empty without one in time."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request)
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""
