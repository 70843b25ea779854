"""Cost of many server-sent event streams through one gateway process.

`python -m benchmarks.gateway_streams --streams 1000` opens the streams, sends each event to all of
them for longer than the 60 s at which frameworks tend to cut, and fails when one is cut or late.
"""

import argparse
import asyncio
import json
import resource
import statistics
import time
from pathlib import Path

from benchmarks.contestants import gateway
from benchmarks.processes import server_process
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
MAX_DELAY = 5.0

Listener = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=65.0)
    parser.add_argument("--every", type=float, default=5.0)
    options = parser.parse_args()
    allow_files(options.streams * 4 + 256)
    figures = asyncio.run(measure(options.streams, options.seconds, options.every))
    print(json.dumps(figures, indent=2))


async def measure(streams: int, seconds: float, every: float) -> dict[str, float | int]:
    source = EventSource()
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0, backlog=1024)
    upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    shipped = gateway(upstream, Path())
    environment = {**shipped.environment, "API_GATEWAY_SHUTDOWN_GRACE": "1"}
    with server_process("gateway", shipped.command, environment) as edge:
        listeners = [await open_stream(edge.port) for _ in range(streams)]
        before = edge.cpu_seconds()
        delays = await _send_events(source, listeners, seconds, every)
        cpu, memory = edge.cpu_seconds() - before, edge.resident()
        for _, writer in listeners:
            writer.close()
    # The gateway's end closes the source's connections; their tasks need a moment to finish.
    await asyncio.sleep(0.5)
    server.close()
    return {
        "streams": streams,
        "seconds": seconds,
        "events": len(delays),
        "last_to_receive_median_ms": round(statistics.median(delays) * 1000, 1),
        "last_to_receive_worst_ms": round(max(delays) * 1000, 1),
        "cpu_us_per_event": round(cpu / len(delays) / streams * 1e6, 1),
        "gateway_mib": round(memory, 1),
    }


class EventSource:
    """The service behind the gateway; sends every event to all its streams."""

    def __init__(self) -> None:
        self._streams: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM_HEAD + _chunk(b": open\n\n"))
        self._streams.append(writer)
        await reader.read()
        writer.close()

    def send(self, event: bytes) -> None:
        for writer in self._streams:
            writer.write(_chunk(event))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def open_stream(port: int) -> Listener:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = bearer(access_token(now=SystemClock().now()))
    head = f"GET /bff/v1/teacher/events HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(MAX_DELAY):
        await reader.readuntil(b": open\n\n")
    return reader, writer


async def _send_events(
    source: EventSource, listeners: list[Listener], seconds: float, every: float
) -> list[float]:
    """The delay of the last listener for each event, in seconds."""
    delays: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(every)
        event = b"data: %d\n\n" % len(delays)
        started = time.monotonic()
        source.send(event)
        async with asyncio.timeout(MAX_DELAY), asyncio.TaskGroup() as group:
            for reader, _ in listeners:
                group.create_task(reader.readuntil(event))
        delays.append(time.monotonic() - started)
    return delays


def allow_files(number: int) -> None:
    """Raise the limit of open files, as far as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    main()
