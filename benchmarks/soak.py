"""Whether anything grows: a BFF process at 60 % of its capacity while 1 % of downstream calls fail.

Prints the slope of its memory, and tasks, connections and file descriptors before and after. The
load is on for some minutes before memory is looked at: buffers of kept connections grow to the
largest answer that they have met, which takes a while with 64 of them to Redis alone.

    python -m benchmarks.soak [--minutes 10] [--warm-up 5] [--rate REQUESTS_A_SECOND]
"""

import argparse
import asyncio
import random
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from benchmarks.steady_load import Bench, answer_well, capacity, keep_pace, open_bench
from bff_core.testing import Reply, StubServer
from tests.faults.platform_answers import CLASS_PAGE, ROW, batch_page

PATHS = ("/v1/teacher/dashboard", "/v1/teacher/classes", "/v1/teacher/me")
LOAD, FAULTS = 0.6, 0.01
PAGE = resource.getpagesize()
SETTLE = 6.0
"""Seconds after which idle connections have been closed."""
KINDS = (Reply(500), Reply(raw=b""), Reply(hang=True), Reply(200, b"{not json"))


@dataclass
class Faults:
    """Makes a share of the downstream calls fail, in turns of every kind."""

    bench: Bench
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    calls: int = 0
    made: int = 0

    async def make(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            platform = self.bench.platform
            for stub in (platform.ras, platform.cms, platform.identity):
                self.calls += len(stub.requests)
                stub.requests.clear()
            while self.made < self.calls * FAULTS:
                self._plant()

    def _plant(self) -> None:
        kind = KINDS[self.made % len(KINDS)]
        self.made += 1
        if self.dice.random() < 0.3:
            self.bench.platform.cms.on("/v1/classes/", kind, Reply(body=CLASS_PAGE))
            return
        user = self.dice.choice(self.bench.callers).user
        good = Reply(body=batch_page(ROW | {"user_id": user}))
        self.bench.platform.ras.on(f"/internal/v1/batches/user/{user}", kind, good)


@dataclass(frozen=True)
class Count:
    """What must be the same before and after."""

    tasks: int
    descriptors: int
    connections: int

    def __str__(self) -> str:
        return f"{self.tasks:7d} {self.connections:12d} {self.descriptors:12d}"


async def count(bench: Bench) -> Count:
    samples = await bench.callers[0].metrics()
    stubs: tuple[StubServer, ...] = (
        bench.platform.ras,
        bench.platform.cms,
        bench.platform.identity,
    )
    return Count(
        int(samples["bff_teacher_asyncio_tasks"]),
        int(samples["process_open_fds"]),
        sum(stub.open_connections for stub in stubs),
    )


def resident(pid: int) -> float:
    """MiB of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


@dataclass
class Memory:
    """Resident MiB of the process by second, as the kernel counts them."""

    pid: int
    at: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        began = time.monotonic()
        while True:
            self.at.append(time.monotonic() - began)
            self.size.append(resident(self.pid))
            await asyncio.sleep(1.0)

    def slope(self) -> float:
        """MiB in ten minutes."""
        return linear_regression(self.at, self.size).slope * 600


@asynccontextmanager
async def beside(*works: object) -> AsyncIterator[None]:
    """Run works until the block ends."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]  # type: ignore[arg-type]
        yield
        for task in tasks:
            task.cancel()


async def soak(minutes: float, warm_up: float, rate: float | None) -> None:
    async with open_bench(redis=True) as bench:

        def ask(number: int):  # noqa: ANN202 - the bench's own
            return bench.ask(number, PATHS[number % len(PATHS)])

        most = await capacity(ask, seconds=10.0)
        rate = rate or most * LOAD
        await asyncio.sleep(SETTLE)
        before, faults, memory = await count(bench), Faults(bench), Memory(bench.pid)
        print(f"capacity {most:.0f}/s, load {rate:.0f}/s", flush=True)
        async with beside(faults.make()):
            await keep_pace(ask, rate=rate, seconds=warm_up * 60)
            print(f"after {warm_up:g} min of warm-up, {minutes:g} min:", flush=True)
            async with beside(memory.watch()):
                tally = await keep_pace(ask, rate=rate, seconds=minutes * 60)
        for caller in bench.callers:
            answer_well(bench.platform, caller.user)
        await asyncio.sleep(SETTLE)
        after = await count(bench)
    print(f"answers     {tally}")
    print(f"downstream  {faults.calls} calls, {faults.made} faults planted")
    print(f"memory      {memory.size[0]:.1f} MiB at first, {memory.size[-1]:.1f} at last")
    print(f"slope       {memory.slope():+.2f} MiB in 10 min after warm-up (aim < 1)")
    print("              tasks  connections  descriptors")
    print(f"before      {before}\nafter       {after}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--warm-up", type=float, default=5.0, help="minutes before")
    options.add_argument("--rate", type=float, help="instead of 60 %% of what it can do")
    chosen = options.parse_args()
    asyncio.run(soak(chosen.minutes, chosen.warm_up, chosen.rate))


if __name__ == "__main__":
    main()
