"""Effect of one greedy user on all others, at each place that users share.

Ordinary users send at a constant rate, all together; the greedy one sends at ten times that rate.
Rounds with and without it take turns. Each place is made so small that the greedy user alone would
fill it. Prints the others' p99 over all rounds, its change, and the statuses of both.

    python -m benchmarks.fairness [--rounds 3] [--seconds 5] [--only PLACE]
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from benchmarks.contestants import gateway
from benchmarks.processes import server_process
from benchmarks.steady_load import (
    TIMEOUT,
    LatencyTally,
    SendRequest,
    TeacherBench,
    open_bench,
    open_load,
)
from bff_core.clock import SystemClock
from bff_core.testing import Reply, access_token, bearer, stub_server
from tests.faults.platform_answers import (
    ASSOCIATIONS,
    BATCH,
    CONFIRMED,
    PROFILE,
    REVIEW_PATH,
    TEACHER,
    WHOLE_BATCH,
)
from tests.faults.teacher_process import Caller
from tests.faults.test_confirm_faults import GOOD

OTHERS_RATE, GREEDY_RATE = 2.0, 20.0
"""A second; low, because the processor is shared too, and must not be the scarce place here."""
SERVICE_SECONDS = 0.6
USERS = 20
BOUND = 1.2
GREEDY = "greedy"
ME = "/v1/teacher/me"
OWN_BATCHES = 100
UNCACHED_BATCH = {
    f"RAS__ONE_BATCH__{name}": "0"
    for name in ("MAX_AGE", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR")
}

Load = tuple[SendRequest, SendRequest]
"""A request of an ordinary user by its number, and one of the greedy user."""


@asynccontextmanager
async def open_gateway(**settings: str) -> AsyncIterator[tuple[int, Callable[[str], SendRequest]]]:
    """A gateway's port, and what sends a read of a user on a connection of its own."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(stub_server())
        upstream.on("/bff/v1/teacher/dashboard", Reply(delay=SERVICE_SECONDS))
        shipped = gateway(upstream.url, Path())
        own = {f"API_GATEWAY_{name}": value for name, value in settings.items()}
        environment = {**shipped.environment, "API_GATEWAY_USER_PER_MINUTE": "1000000", **own}
        process = stack.enter_context(server_process("gateway", shipped.command, environment))
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=TIMEOUT)
        )

        def reading(user: str) -> SendRequest:
            async def send(number: int) -> int:
                caller = Caller(session, process.url, user.format(number % USERS))
                return (await caller.get("/bff/v1/teacher/dashboard"))[0]

            return send

        yield process.port, reading


@asynccontextmanager
async def gateway_in_flight() -> AsyncIterator[Load]:
    """The gateway's requests in flight: 8, and 2 of one user."""
    async with open_gateway(MAX_IN_FLIGHT="8", MAX_IN_FLIGHT_PER_USER="2") as (_, reading):
        yield reading("teacher-{}"), reading(GREEDY)


@asynccontextmanager
async def gateway_connections() -> AsyncIterator[Load]:
    """The gateway's connections: 64, which the greedy user opens and leaves idle."""
    async with open_gateway(MAX_CONNECTIONS="64") as (port, reading), AsyncExitStack() as stack:

        async def open_idle(_: int) -> int:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            return 0

        yield reading("teacher-{}"), open_idle


@asynccontextmanager
async def profiles(**settings: str) -> AsyncIterator[Load]:
    """A teacher BFF without caches, in front of an Identity that takes its time."""
    times = ("MAX_AGE", "STALE_WHILE_REVALIDATE", "STALE_IF_ERROR")
    uncached = {f"IDENTITY__PROFILE__{name}": "0" for name in times}
    patient = {"IDENTITY__PROFILE__BUDGET": "3", "IDENTITY__PROFILE__ATTEMPTS": "1"}
    async with open_bench({**uncached, **patient, **settings}, users=USERS) as bench:
        greedy = Caller(bench.callers[0].session, bench.callers[0].url, GREEDY)
        for caller in [*bench.callers, greedy]:
            path = f"/v1/users/{caller.user}/profile"
            bench.platform.identity.on(path, Reply(body=PROFILE, delay=SERVICE_SECONDS))

        async def read_profile(_: int) -> int:
            return (await greedy.get(ME))[0]

        yield lambda number: bench.get(number, ME), read_profile


def bff_in_flight() -> AbstractAsyncContextManager[Load]:
    """The BFF's requests in flight: 8, and 2 of one user."""
    return profiles(MAX_IN_FLIGHT="8", MAX_IN_FLIGHT_PER_USER="2")


@asynccontextmanager
async def bulkhead() -> AsyncIterator[Load]:
    """Calls to RAS for one batch: 8, and 2 of one user."""
    async with open_bench(
        {"RAS__ONE_BATCH__IN_FLIGHT": "8", **UNCACHED_BATCH}, users=USERS
    ) as bench:
        greedy = Caller(bench.callers[0].session, bench.callers[0].url, GREEDY)
        for number, caller in enumerate(bench.callers):
            set_batch(bench, batch_id(number), caller.user)
        for number in range(USERS, USERS + OWN_BATCHES):
            set_batch(bench, batch_id(number), GREEDY)

        async def read_another(number: int) -> int:
            path = f"/v1/teacher/batches/{batch_id(USERS + number % OWN_BATCHES)}"
            return (await greedy.get(path))[0]

        yield (
            lambda number: bench.get(number, f"/v1/teacher/batches/{batch_id(number % USERS)}"),
            read_another,
        )


@asynccontextmanager
async def ledger() -> AsyncIterator[Load]:
    """The one connection of a ledger in SQLite; the greedy user confirms what does not exist."""
    async with open_bench(users=USERS) as bench:
        for number, caller in enumerate(bench.callers):
            set_batch(bench, batch_id(number), caller.user)
        greedy = Caller(bench.callers[0].session, bench.callers[0].url, GREEDY)

        async def confirm(number: int) -> int:
            caller = bench.callers[number % USERS]
            return await post(caller, batch_id(number % USERS))

        async def confirm_nothing(number: int) -> int:
            return await post(greedy, batch_id(USERS + number))

        yield confirm, confirm_nothing


def batch_id(number: int) -> str:
    return f"{BATCH[:24]}{number:012d}"


def set_batch(bench: TeacherBench, batch: str, user: str) -> None:
    """Give the stubs a batch of the user's, in review."""
    whole = WHOLE_BATCH.replace(BATCH.encode(), batch.encode())
    whole = whole.replace(TEACHER.encode(), user.encode())
    review = REVIEW_PATH.replace(BATCH, batch)
    ras, cms = bench.platform.ras, bench.platform.cms
    ras.on(f"/internal/v1/batches/{batch}/status", Reply(body=whole, delay=SERVICE_SECONDS))
    cms.on(review, Reply(body=ASSOCIATIONS.replace(BATCH.encode(), batch.encode())))
    cms.on(f"{review}/confirm", Reply(body=CONFIRMED))


async def post(caller: Caller, batch: str) -> int:
    token = bearer(access_token(caller.user, now=SystemClock().now()))
    url = f"{caller.url}/v1/teacher/batches/{batch}/associations/confirm"
    async with caller.session.post(url, json=GOOD, headers={"Authorization": token}) as answer:
        return answer.status


PLACES: dict[str, Callable[[], AbstractAsyncContextManager[Load]]] = {
    "gateway-in-flight": gateway_in_flight,
    "gateway-connections": gateway_connections,
    "bff-in-flight": bff_in_flight,
    "bulkhead": bulkhead,
    "ledger": ledger,
}


@dataclass
class Figures:
    """Tallies of all rounds at one place."""

    alone: LatencyTally = field(default_factory=LatencyTally)
    beside: LatencyTally = field(default_factory=LatencyTally)
    greedy: LatencyTally = field(default_factory=LatencyTally)

    def row(self, place: str) -> list[str]:
        change = self.beside.p99 / self.alone.p99
        return [
            place,
            f"{self.alone.p99:.0f}",
            f"{self.beside.p99:.0f}",
            f"{(change - 1) * 100:+.0f} %",
            "yes" if change <= BOUND else "no",
            _statuses(self.beside),
            _statuses(self.greedy),
        ]


def _statuses(tally: LatencyTally) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))


async def measure(place: str, rounds: int, seconds: float) -> Figures:
    figures = Figures()
    async with PLACES[place]() as (ordinary, greedy):
        await open_load(ordinary, rate=OTHERS_RATE, seconds=2.0)
        for _ in range(rounds):
            _add(figures.alone, await open_load(ordinary, rate=OTHERS_RATE, seconds=seconds))
            async with asyncio.TaskGroup() as group:
                loads = [
                    group.create_task(open_load(send, rate=rate, seconds=seconds))
                    for send, rate in ((ordinary, OTHERS_RATE), (greedy, GREEDY_RATE))
                ]
            _add(figures.beside, loads[0].result())
            _add(figures.greedy, loads[1].result())
    return figures


def _add(whole: LatencyTally, one: LatencyTally) -> None:
    whole.latencies += one.latencies
    whole.statuses += one.statuses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", action="append", choices=PLACES, help="may be repeated")
    options = parser.parse_args()
    headings = ("place", "p99 ms", "beside a greedy user", "change", "within 20 %")
    table = Table(*headings, "others' statuses", "the greedy user's")
    places = options.only or list(PLACES)
    for number, place in enumerate(places, start=1):
        seconds = 2 * options.rounds * options.seconds
        print(f"{number}/{len(places)} {place}: {seconds:.0f} s", file=sys.stderr, flush=True)
        figures = asyncio.run(measure(place, options.rounds, options.seconds))
        table.add_row(*figures.row(place))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
