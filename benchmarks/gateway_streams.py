"""Holds many server-sent event streams open through one gateway process, and says what they cost.

`python -m benchmarks.gateway_streams --streams 1000`: opens them, lets each event go to all of them,
keeps them open for a while (longer than the 60 s at which frameworks like to cut), and fails when one is
cut or late.
"""

import argparse
import asyncio
import json
import resource
import statistics
import time

from benchmarks.gateway_overhead import gateway_process
from benchmarks.processes import Running
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

SSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
LATEST = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=65.0)
    parser.add_argument("--every", type=float, default=5.0)
    given = parser.parse_args()
    allow_files(given.streams * 4 + 256)
    print(json.dumps(asyncio.run(hold(given.streams, given.seconds, given.every)), indent=2))


async def hold(streams: int, seconds: float, every: float) -> dict[str, float | int]:
    source = Source()
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0, backlog=1024)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with gateway_process(address, None) as (pid, port):
        gateway = Running("gateway", pid, port)
        listeners = [await listen(port) for _ in range(streams)]
        before = gateway.cpu_seconds()
        delays = await _rounds(source, listeners, seconds, every)
        spent, memory = gateway.cpu_seconds() - before, gateway.resident()
        for _, writer in listeners:
            writer.close()
    # The gateway has ended, and with it the source's connections: let their tasks see it.
    await asyncio.sleep(0.5)
    server.close()
    return {
        "streams": streams,
        "seconds": seconds,
        "events": len(delays),
        "last_to_hear_median_ms": round(statistics.median(delays) * 1000, 1),
        "last_to_hear_worst_ms": round(max(delays) * 1000, 1),
        "cpu_us_per_event": round(spent / len(delays) / streams * 1e6, 1),
        "gateway_mib": round(memory, 1),
    }


class Source:
    """The service that streams: one event goes to everybody."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SSE + _chunk(b": open\n\n"))
        self._listeners.append(writer)
        await reader.read()
        writer.close()

    def say(self, words: bytes) -> None:
        for writer in self._listeners:
            writer.write(_chunk(words))


def _chunk(words: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(words), words)


async def listen(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = bearer(access_token(now=SystemClock().now()))
    head = f"GET /bff/v1/teacher/events HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(LATEST):
        await reader.readuntil(b": open\n\n")
    return reader, writer


async def _rounds(
    source: Source,
    listeners: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    seconds: float,
    every: float,
) -> list[float]:
    """How long the last listener waited for each event, in seconds."""
    delays = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(every)
        words = b"data: %d\n\n" % len(delays)
        started = time.monotonic()
        source.say(words)
        async with asyncio.timeout(LATEST), asyncio.TaskGroup() as group:
            for reader, _ in listeners:
                group.create_task(reader.readuntil(words))
        delays.append(time.monotonic() - started)
    return delays


def allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    main()
