"""A consumer of events as a process of its own, without the screens.

`DIES_AT` names a commit before which it dies by SIGKILL: its facts are written, and not taken.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.observability import Metrics
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.upload import FileOutcome
from services.bff_teacher.events.consumer import EventConsumer
from services.bff_teacher.events.kafka import KafkaOptions, KafkaSource
from services.bff_teacher.events.model import Fact
from services.bff_teacher.events.source import Message
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS

LEDGER_SECONDS = 10.0


class DyingSource(KafkaSource):
    """The real source, but for the end of the process."""

    commits = 0

    async def commit(self, messages: Sequence[Message]) -> bool:
        type(self).commits += 1
        if str(self.commits) == os.environ.get("DIES_AT"):
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().commit(messages)


class Nobody:
    async def on_facts(self, facts_by_owner: Mapping[UserId, Sequence[Fact]]) -> None: ...

    async def on_file(self, outcome: FileOutcome) -> None: ...


async def main() -> None:
    clock = SystemClock()
    options = KafkaOptions(servers=[os.environ["KAFKA_BOOTSTRAP_SERVERS"]], group="bff-teacher")
    async with aclosing(LedgerDatabase(os.environ["LEDGER"], timeout=LEDGER_SECONDS)) as database:
        consumer = EventConsumer(
            lambda: DyingSource(options, CONTRACTS),
            SqlEventFacts(database),
            Nobody(),
            EventsStatus(Metrics("replica"), clock),
            clock,
        )
        await consumer.run()


if __name__ == "__main__":
    asyncio.run(main())
