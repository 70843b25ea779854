"""The consumer of events as a process that measures itself; see `benchmarks.events`.

Reads a number from standard input, and when it has consumed that many messages writes a line of
JSON: CPU seconds since the line before, and the resident memory in bytes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import uvloop

from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.observability import Metrics
from bff_core.tasks import cancel_and_wait
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.upload import FileOutcome
from services.bff_teacher.events.consumer import EventConsumer
from services.bff_teacher.events.kafka import KafkaOptions, KafkaSource
from services.bff_teacher.events.model import Fact
from services.bff_teacher.events.source import Message
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS

PAGE = os.sysconf("SC_PAGE_SIZE")


class CountingSource(KafkaSource):
    """Sets the event when `wanted` messages have been taken in all."""

    consumed = 0
    wanted = 0
    reached = asyncio.Event()

    async def commit(self, messages: Sequence[Message]) -> bool:
        taken = await super().commit(messages)
        type(self).consumed += len(messages)
        if self.consumed >= self.wanted:
            self.reached.set()
        return taken


class Nobody:
    async def on_facts(self, facts_by_owner: Mapping[UserId, Sequence[Fact]]) -> None: ...

    async def on_file(self, outcome: FileOutcome) -> None: ...


async def main(servers: str, ledger: str) -> None:
    clock = SystemClock()
    options = KafkaOptions(servers=[servers], group="bff-teacher")
    async with aclosing(LedgerDatabase(ledger, timeout=5.0)) as database:
        consumer = EventConsumer(
            lambda: CountingSource(options, CONTRACTS),
            SqlEventFacts(database),
            Nobody(),
            EventsStatus(Metrics("bench"), clock),
            clock,
        )
        running = asyncio.create_task(consumer.run())
        loop, cpu = asyncio.get_running_loop(), time.process_time()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            CountingSource.wanted += int(line)
            if CountingSource.consumed < CountingSource.wanted:
                CountingSource.reached.clear()
                await CountingSource.reached.wait()
            used, cpu = time.process_time() - cpu, time.process_time()
            print(json.dumps({"cpu": used, "rss": _resident()}), flush=True)
        await cancel_and_wait(running)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
