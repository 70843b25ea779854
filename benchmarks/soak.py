"""Soak test: a BFF process at 60 % of its capacity while 1 % of downstream calls fail.

Prints the slope of its memory, and tasks, connections and file descriptors before and after. Exits
with 1 when the slope is above the bound. Some minutes of warm-up precede the measurement, because the
buffers of pooled connections grow to the largest response that they have received.

    python -m benchmarks.soak [--minutes 10] [--warm-up 5] [--rate REQUESTS_A_SECOND]
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import linear_regression

from benchmarks.processes import ServerProcess
from benchmarks.steady_load import TeacherBench, capacity, open_bench, open_load, set_responses
from bff_core.testing import Reply, StubServer
from tests.faults.platform_answers import CLASS_PAGE, ROW, batch_page

PATHS = ("/v1/teacher/dashboard", "/v1/teacher/classes", "/v1/teacher/me")
LOAD, FAULT_SHARE = 0.6, 0.01
MAX_SLOPE = 1.0
"""MiB in ten minutes."""
SETTLE_SECONDS = 6.0
"""By then idle connections have been closed."""
FAULTS = (Reply(500), Reply(raw=b""), Reply(hang=True), Reply(200, b"{not json"))


@dataclass
class FaultInjector:
    """Makes a share of the downstream calls fail, with every kind of fault in turn."""

    bench: TeacherBench
    choices: random.Random = field(default_factory=lambda: random.Random(7))
    calls: int = 0
    planted: int = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            platform = self.bench.platform
            for stub in (platform.ras, platform.cms, platform.identity):
                self.calls += len(stub.requests)
                stub.requests.clear()
            while self.planted < self.calls * FAULT_SHARE:
                self._plant(FAULTS[self.planted % len(FAULTS)])

    def _plant(self, fault: Reply) -> None:
        self.planted += 1
        if self.choices.random() < 0.3:
            self.bench.platform.cms.on("/v1/classes/", fault, Reply(body=CLASS_PAGE))
            return
        user = self.choices.choice(self.bench.callers).user
        good = Reply(body=batch_page(ROW | {"user_id": user}))
        self.bench.platform.ras.on(f"/internal/v1/batches/user/{user}", fault, good)


@dataclass(frozen=True)
class OpenResources:
    """Counts that must be equal before and after."""

    tasks: int
    descriptors: int
    connections: int

    def __str__(self) -> str:
        return f"{self.tasks:7d} {self.connections:12d} {self.descriptors:12d}"


async def count_resources(bench: TeacherBench) -> OpenResources:
    samples = await bench.callers[0].metrics()
    stubs: tuple[StubServer, ...] = (
        bench.platform.ras,
        bench.platform.cms,
        bench.platform.identity,
    )
    return OpenResources(
        int(samples["bff_teacher_asyncio_tasks"]),
        int(samples["process_open_fds"]),
        sum(stub.open_connections for stub in stubs),
    )


@dataclass
class MemoryRecorder:
    """Resident memory of the process in MiB, once a second."""

    process: ServerProcess
    at: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)

    async def run(self) -> None:
        began = time.monotonic()
        while True:
            self.at.append(time.monotonic() - began)
            self.size.append(self.process.resident())
            await asyncio.sleep(1.0)

    def slope(self) -> float:
        """MiB in ten minutes."""
        return linear_regression(self.at, self.size).slope * 600


@asynccontextmanager
async def in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine until the block ends."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


async def soak(minutes: float, warm_up: float, rate: float | None) -> float:
    """Run the load and print the report; returns the slope in MiB in ten minutes."""
    async with open_bench(redis=True) as bench:

        async def send(number: int) -> int:
            return await bench.get(number, PATHS[number % len(PATHS)])

        most = await capacity(send, seconds=10.0)
        rate = rate or most * LOAD
        await asyncio.sleep(SETTLE_SECONDS)
        before, faults = await count_resources(bench), FaultInjector(bench)
        memory = MemoryRecorder(ServerProcess("bff_teacher", bench.pid, 0))
        print(f"capacity {most:.0f}/s, load {rate:.0f}/s", flush=True)
        async with in_background(faults.run()):
            await open_load(send, rate=rate, seconds=warm_up * 60)
            print(f"after {warm_up:g} min of warm-up, {minutes:g} min:", flush=True)
            async with in_background(memory.run()):
                tally = await open_load(send, rate=rate, seconds=minutes * 60)
        for caller in bench.callers:
            set_responses(bench.platform, caller.user)
        await asyncio.sleep(SETTLE_SECONDS)
        after = await count_resources(bench)
    print(f"responses   {tally}")
    print(f"downstream  {faults.calls} calls, {faults.planted} faults planted")
    print(f"memory      {memory.size[0]:.1f} MiB at the start, {memory.size[-1]:.1f} at the end")
    print(f"slope       {memory.slope():+.2f} MiB in 10 min after warm-up (bound < {MAX_SLOPE:g})")
    print("              tasks  connections  descriptors")
    print(f"before      {before}\nafter       {after}")
    return memory.slope()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument(
        "--warm-up", type=float, default=5.0, help="minutes before the measurement"
    )
    options.add_argument("--rate", type=float, help="instead of 60 %% of the capacity")
    chosen = options.parse_args()
    slope = asyncio.run(soak(chosen.minutes, chosen.warm_up, chosen.rate))
    sys.exit(slope >= MAX_SLOPE)


if __name__ == "__main__":
    main()
