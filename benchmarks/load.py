"""Callers that cost little: raw sockets, requests made beforehand, answers read by their length."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median, quantiles

import uvloop

HOST = "127.0.0.1"
LIMIT = 30.0
"""Seconds that one answer may take before the run is given up."""

Requests = Iterable[bytes]


class Refused(RuntimeError):
    """An answer was not a 200: a benchmark of failures measures nothing."""


@dataclass
class Run:
    """What callers saw; latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    refused: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p50(self) -> float:
        return median(self.latencies)

    @property
    def p99(self) -> float:
        return quantiles(self.latencies, n=100)[98]


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is called with the time that the answer took.

    A refusal is a fault, unless it is `lenient`: then it is counted.
    """

    def __init__(
        self, answered: Callable[["Connection", float], None], *, lenient: bool = False
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
            self._answered(self, time.perf_counter() - self._asked_at)

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
    answered: Callable[[Connection, float], None],
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


async def _closed(
    port: int, requests: Requests, connections: int, seconds: float, *, lenient: bool
) -> Run:
    run, more = Run(), iter(requests)
    end = time.perf_counter() + seconds
    still = connections
    over = asyncio.Event()

    def answered(connection: Connection, took: float) -> None:
        nonlocal still
        run.latencies.append(took)
        if time.perf_counter() < end and connection.fault is None:
            connection.ask(next(more))
            return
        still -= 1
        if still == 0:
            over.set()

    callers = await _connect(port, connections, answered, lenient=lenient)
    began = time.perf_counter()
    for caller in callers:
        caller.ask(next(more))
    async with asyncio.timeout(seconds + LIMIT):
        while not over.is_set():
            await asyncio.sleep(0.05)
            _require_well(callers)
    run.seconds = time.perf_counter() - began
    run.refused = sum(caller.refused for caller in callers)
    for caller in callers:
        caller.transport.close()
    return run


async def _paced(port: int, requests: Requests, rate: float, seconds: float) -> Run:
    """Open loop: requests come when they are due, whether the one before was answered or not."""
    run, more = Run(), iter(requests)
    idle: list[Connection] = []

    def answered(connection: Connection, took: float) -> None:
        run.latencies.append(took)
        idle.append(connection)

    everybody = await _connect(port, 64, answered)
    idle.extend(everybody)
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        while (left := due - time.perf_counter()) > 0 or not idle:
            await asyncio.sleep(max(0.0, left))
            _require_well(everybody)
        idle.pop().ask(next(more), due=due)
    async with asyncio.timeout(LIMIT):
        while len(idle) < len(everybody):
            await asyncio.sleep(0.01)
            _require_well(everybody)
    run.seconds = time.perf_counter() - began
    for caller in everybody:
        caller.transport.close()
    return run


def without_rest(
    port: int, requests: Requests, *, connections: int, seconds: float, lenient: bool = False
) -> Run:
    """Closed loop: every connection asks again as soon as it has its answer."""
    return uvloop.run(_closed(port, requests, connections, seconds, lenient=lenient))


def at_pace(port: int, requests: Requests, *, rate: float, seconds: float) -> Run:
    return uvloop.run(_paced(port, requests, rate, seconds))


def endless(make: Callable[[int], bytes], first: int = 0) -> Requests:
    """Requests by number; the caller decides what differs from one to the next."""
    return (make(number) for number in itertools.count(first))
