"""A cheap load generator: raw sockets, prepared requests, responses read by their length."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import uvloop

from benchmarks.load_result import LoadResult
from benchmarks.machine_speed import MachineSpeed

HOST = "127.0.0.1"
RESPONSE_SECONDS = 30.0
SAMPLE_EVERY = 0.05
OPEN_LOOP_CONNECTIONS = 64

Requests = Iterable[bytes]
CpuClock = Callable[[], float]
"""CPU seconds of the process under test until now."""
OnResponse = Callable[["Connection", float, float], None]
"""Called with the connection, the time the request was due, and the latency."""


class UnexpectedResponse(RuntimeError):
    """A response was not a 200. A benchmark of failures measures nothing."""


class Connection(asyncio.Protocol):
    """Sends one request at a time; reads responses by their Content-Length.

    Other statuses than 200 are a fault, unless `allow_errors` has them counted.
    """

    def __init__(self, on_response: OnResponse, *, allow_errors: bool = False) -> None:
        self._on_response = on_response
        self._allow_errors = allow_errors
        self.errors = 0
        self._missing = -1
        self._head = b""
        self._due = 0.0
        self.fault: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # it is one

    def send(self, request: bytes, *, due: float | None = None) -> None:
        """Send; latency counts from `due`, or from now."""
        self._due = time.perf_counter() if due is None else due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            self._missing = self._content_length(head) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._on_response(self, self._due, time.perf_counter() - self._due)

    def connection_lost(self, _: Exception | None) -> None:
        self.fault = self.fault or UnexpectedResponse("the connection was closed")

    def _content_length(self, head: bytes) -> int:
        succeeded = b" 200" in head[:13]
        self.errors += not succeeded
        lower = head.lower()
        if (not succeeded and not self._allow_errors) or b"content-length:" not in lower:
            self.fault = UnexpectedResponse(head.decode("latin-1"))
            self.transport.close()
            return 0
        start = lower.index(b"content-length:") + 15
        return int(lower[start:].partition(b"\r\n")[0])


def closed_loop(
    port: int,
    requests: Requests,
    *,
    connections: int,
    seconds: float,
    cpu_clock: CpuClock = lambda: 0.0,
    allow_errors: bool = False,
) -> LoadResult:
    """Every connection sends its next request as soon as it has its response."""
    return uvloop.run(
        _closed_loop(port, requests, connections, seconds, cpu_clock, allow_errors=allow_errors)
    )


def open_loop(port: int, requests: Requests, *, rate: float, seconds: float) -> LoadResult:
    """Requests are due at a constant rate, independent of earlier responses."""
    return uvloop.run(_open_loop(port, requests, rate, seconds))


def numbered(make: Callable[[int], bytes], first: int = 0) -> Requests:
    """An endless sequence of requests, made by their number."""
    return (make(number) for number in itertools.count(first))


async def _closed_loop(
    port: int,
    requests: Requests,
    connections: int,
    seconds: float,
    cpu_clock: CpuClock,
    *,
    allow_errors: bool,
) -> LoadResult:
    result, queue = LoadResult(), iter(requests)
    end = time.perf_counter() + seconds
    active = connections
    finished = asyncio.Event()

    def on_response(connection: Connection, due: float, latency: float) -> None:
        nonlocal active
        result.add(due, latency)
        if time.perf_counter() < end and connection.fault is None:
            connection.send(next(queue))
            return
        active -= 1
        if active == 0:
            finished.set()

    pool = await _connect(port, connections, on_response, allow_errors=allow_errors)
    async with _sampled(result, cpu_clock):
        for connection in pool:
            connection.send(next(queue))
        async with asyncio.timeout(seconds + RESPONSE_SECONDS):
            while not finished.is_set():
                await asyncio.sleep(0.05)
                _raise_faults(pool)
    result.errors = sum(connection.errors for connection in pool)
    for connection in pool:
        connection.transport.close()
    return result


async def _open_loop(port: int, requests: Requests, rate: float, seconds: float) -> LoadResult:
    result, queue = LoadResult(), iter(requests)
    # Used in turns: a server may close a connection after so many requests.
    idle: deque[Connection] = deque()

    def on_response(connection: Connection, due: float, latency: float) -> None:
        result.add(due, latency)
        idle.append(connection)

    pool = await _connect(port, OPEN_LOOP_CONNECTIONS, on_response)
    idle.extend(pool)
    async with _sampled(result, lambda: 0.0), asyncio.timeout(seconds + RESPONSE_SECONDS):
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            while (left := due - time.perf_counter()) > 0 or not idle:
                await asyncio.sleep(max(0.0, left))
                _raise_faults(pool)
            idle.popleft().send(next(queue), due=due)
        while len(idle) < len(pool):
            await asyncio.sleep(0.01)
            _raise_faults(pool)
    for connection in pool:
        connection.transport.close()
    return result


async def _connect(
    port: int, number: int, on_response: OnResponse, *, allow_errors: bool = False
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(
            lambda: Connection(on_response, allow_errors=allow_errors), HOST, port
        )
        for _ in range(number)
    ]
    return [connection for _, connection in opened]


def _raise_faults(pool: Iterable[Connection]) -> None:
    for connection in pool:
        if connection.fault is not None:
            raise connection.fault


@asynccontextmanager
async def _sampled(result: LoadResult, cpu_clock: CpuClock) -> AsyncIterator[None]:
    """Sample the CPU time and the machine's speed while the block runs."""
    speed = MachineSpeed()

    async def sample() -> None:
        while True:
            result.sample(time.perf_counter(), cpu_clock())
            await asyncio.sleep(SAMPLE_EVERY)

    tasks = [asyncio.create_task(one) for one in (speed.run(), sample())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        result.sample(time.perf_counter(), cpu_clock())
        result.slow = speed.slow_intervals()
