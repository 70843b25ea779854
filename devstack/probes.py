"""Is a process ready? One short question over its own port."""

import asyncio
from collections.abc import Awaitable, Callable

from devstack.stack import HOST

ANSWER_SECONDS = 2.0


def answers(path: str) -> Callable[[int], Awaitable[bool]]:
    """A probe that is content with 200 from `GET path`."""

    async def probe(port: int) -> bool:
        question = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        status = (await _first_line(port, question.encode())).split()
        return len(status) > 1 and status[0].startswith(b"HTTP/") and status[1] == b"200"

    return probe


async def redis_answers(port: int) -> bool:
    return await _first_line(port, b"*1\r\n$4\r\nPING\r\n") == b"+PONG\r\n"


async def _first_line(port: int, question: bytes) -> bytes:
    """The first line that comes back; empty when nothing does in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(question)
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""
