"""Callers that cost little: raw sockets, requests made beforehand, answers read by their length."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import uvloop

from benchmarks.outcome import Run
from benchmarks.pulse import Pulse

HOST = "127.0.0.1"
LIMIT = 30.0
"""Seconds that one answer may take before the run is given up."""

SLICE = 0.05
"""Seconds between two looks at what was spent."""

Requests = Iterable[bytes]
Spent = Callable[[], float]
"""Seconds of CPU of whoever is asked, until now."""


class Refused(RuntimeError):
    """An answer was not a 200: a benchmark of failures measures nothing."""


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is called with when it was due and the time it took.

    A refusal is a fault, unless it is `lenient`: then it is counted.
    """

    def __init__(
        self, answered: Callable[["Connection", float, float], None], *, lenient: bool = False
    ) -> None:
        self._answered = answered
        self._lenient = lenient
        self.refused = 0
        self._missing = -1
        self._head = b""
        self._asked_at = 0.0
        self.fault: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # it is one

    def ask(self, request: bytes, *, due: float | None = None) -> None:
        """Send; with `due`, time counts from when it should have been sent."""
        self._asked_at = time.perf_counter() if due is None else due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            self._missing = self._length(head) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._answered(self, self._asked_at, time.perf_counter() - self._asked_at)

    def connection_lost(self, _: Exception | None) -> None:
        self.fault = self.fault or Refused("the connection was closed")

    def _length(self, head: bytes) -> int:
        good = b" 200" in head[:13]
        self.refused += not good
        if not good and not self._lenient:
            self.fault = Refused(head.decode("latin-1"))
            self.transport.close()
            return 0
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        return int(lower[start:].partition(b"\r\n")[0])


async def _connect(
    port: int,
    number: int,
    answered: Callable[[Connection, float, float], None],
    *,
    lenient: bool = False,
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(answered, lenient=lenient), HOST, port)
        for _ in range(number)
    ]
    return [connection for _, connection in opened]


def _require_well(connections: Iterable[Connection]) -> None:
    for connection in connections:
        if connection.fault is not None:
            raise connection.fault


@asynccontextmanager
async def _observed(run: Run, spent: Spent) -> AsyncIterator[None]:
    """Looks at what is spent, and at the machine, while callers ask."""
    pulse = Pulse()

    async def look() -> None:
        while True:
            run.look(time.perf_counter(), spent())
            await asyncio.sleep(SLICE)

    watching = [asyncio.create_task(one) for one in (pulse.beat(), look())]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)
        run.look(time.perf_counter(), spent())
        run.slow = pulse.slow()


async def _closed(
    port: int, requests: Requests, connections: int, seconds: float, spent: Spent, *, lenient: bool
) -> Run:
    run, more = Run(), iter(requests)
    end = time.perf_counter() + seconds
    still = connections
    over = asyncio.Event()

    def answered(connection: Connection, due: float, took: float) -> None:
        nonlocal still
        run.note(due, took)
        if time.perf_counter() < end and connection.fault is None:
            connection.ask(next(more))
            return
        still -= 1
        if still == 0:
            over.set()

    callers = await _connect(port, connections, answered, lenient=lenient)
    async with _observed(run, spent):
        for caller in callers:
            caller.ask(next(more))
        async with asyncio.timeout(seconds + LIMIT):
            while not over.is_set():
                await asyncio.sleep(0.05)
                _require_well(callers)
    run.refused = sum(caller.refused for caller in callers)
    for caller in callers:
        caller.transport.close()
    return run


async def _paced(port: int, requests: Requests, rate: float, seconds: float) -> Run:
    """Open loop: requests come when they are due, whether the one before was answered or not."""
    run, more = Run(), iter(requests)
    # In turns: a server may close a connection after so many requests.
    idle: deque[Connection] = deque()

    def answered(connection: Connection, due: float, took: float) -> None:
        run.note(due, took)
        idle.append(connection)

    everybody = await _connect(port, 64, answered)
    idle.extend(everybody)
    async with _observed(run, _nothing), asyncio.timeout(seconds + LIMIT):
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            while (left := due - time.perf_counter()) > 0 or not idle:
                await asyncio.sleep(max(0.0, left))
                _require_well(everybody)
            idle.popleft().ask(next(more), due=due)
        while len(idle) < len(everybody):
            await asyncio.sleep(0.01)
            _require_well(everybody)
    for caller in everybody:
        caller.transport.close()
    return run


def _nothing() -> float:
    return 0.0


def without_rest(
    port: int,
    requests: Requests,
    *,
    connections: int,
    seconds: float,
    spent: Spent = _nothing,
    lenient: bool = False,
) -> Run:
    """Closed loop: every connection asks again as soon as it has its answer."""
    return uvloop.run(_closed(port, requests, connections, seconds, spent, lenient=lenient))


def at_pace(port: int, requests: Requests, *, rate: float, seconds: float) -> Run:
    return uvloop.run(_paced(port, requests, rate, seconds))


def endless(make: Callable[[int], bytes], first: int = 0) -> Requests:
    """Requests by number; the caller decides what differs from one to the next."""
    return (make(number) for number in itertools.count(first))
