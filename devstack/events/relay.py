"""The relay of all services' outboxes to the broker."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from devstack.emulators.database import SeededDatabase
from devstack.events import outbox
from devstack.events.event import PARTITIONS, RELAY_TOPIC, TOPICS, Event, encoded, topic_name
from devstack.events.outbox import StoredEvent

POLL_SECONDS, CHECK_SECONDS, RETRY_SECONDS = 0.2, 1.0, 0.5
STEP_SECONDS = 10.0
AT_ONCE = 100
_REQUEST_MS = 5_000
log = logging.getLogger(__name__)


class EventRelay:
    """Sends stored events in their order; what a broker that went away has missed is sent later.

    A broker without the relay's own topic has begun anew, and is sent every event that is kept.
    Consumers may have asked such a broker for the other topics before.
    """

    def __init__(self, database: SeededDatabase, bootstrap_servers: str) -> None:
        self._database = database
        self._servers = bootstrap_servers
        self._waits = False

    async def run(self) -> None:
        """Connect, send, and connect again after a failure, until cancelled."""
        # It repeats every failure that the relay reports once.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        while True:
            try:
                await self._send_until_failure()
            except (KafkaError, OSError, TimeoutError, sqlite3.Error) as error:
                if not self._waits:
                    log.warning("Events have to wait: %s", type(error).__name__)
                self._waits = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _send_until_failure(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=_REQUEST_MS)
        # Not idempotent: the devstack's broker refuses such producers.
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers, acks="all", request_timeout_ms=_REQUEST_MS
        )
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await admin.start()
                if await _make_topics(admin):
                    await self._database.run(outbox.send_all_again)
                await producer.start()
            self._waits = False
            await self._send_on(admin, producer)
        finally:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await producer.stop()
            await admin.close()

    async def _send_on(self, admin: AIOKafkaAdminClient, producer: AIOKafkaProducer) -> None:
        """Returns when the broker has begun anew, which its clients do not notice."""
        checked = time.monotonic()
        while True:
            unsent = await self._database.run(lambda db: outbox.take_unsent(db, AT_ONCE))
            if unsent or time.monotonic() - checked > CHECK_SECONDS:
                if await _has_begun_anew(admin):
                    return
                checked = time.monotonic()
            if unsent:
                now = datetime.now(UTC)
                await _send_all(producer, unsent, now)
                await self._database.run(partial(outbox.mark_sent, last=unsent[-1].id, at=now))
            else:
                await asyncio.sleep(POLL_SECONDS)


async def _has_begun_anew(admin: AIOKafkaAdminClient) -> bool:
    async with asyncio.timeout(STEP_SECONDS):
        return RELAY_TOPIC not in await admin.list_topics()


async def _make_topics(admin: AIOKafkaAdminClient) -> bool:
    """True if the broker has begun anew.

    A consumer may have asked it for a topic before, which made that with other partitions.
    """
    if not await _has_begun_anew(admin):
        return False
    early = set(TOPICS) & set(await admin.list_topics())
    if early:
        await admin.delete_topics(sorted(early))
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS])
    made = await admin.describe_topics(list(TOPICS))
    if any(len(topic["partitions"]) != PARTITIONS for topic in made):
        raise TimeoutError("a topic was asked for again before it was made")
    await admin.create_topics([NewTopic(RELAY_TOPIC, 1, 1)])
    return True


async def _send_all(
    producer: AIOKafkaProducer, events: Sequence[StoredEvent], now: datetime
) -> None:
    """All are on their way before the first is waited for; each partition keeps the order."""
    async with asyncio.timeout(STEP_SECONDS):
        arriving = [await _send(producer, one.event, one.sent_at or now) for one in events]
        for one in arriving:
            await one


async def _send(
    producer: AIOKafkaProducer, event: Event, sent_at: datetime
) -> asyncio.Future[object]:
    sent: asyncio.Future[object] = await producer.send(
        topic_name(event.topic),
        encoded(event.envelope(sent_at)),
        key=event.key.encode(),
        timestamp_ms=int(sent_at.timestamp() * 1000),
    )
    return sent
