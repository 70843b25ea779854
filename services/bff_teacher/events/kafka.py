"""Kafka as a source of messages. Needs the extra `kafka`: import it only where that is installed."""

import asyncio
import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    TopicPartition,
)
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from services.bff_teacher.events.source import Message, SourceLost

START_SECONDS = 30.0
STOP_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""For a commit and for a question."""
FETCH_SECONDS = 10.0
"""Time after which a broker that has answered no fetch is away; it answers twice a second."""
POSITION_SECONDS = 1.0
POLLED_AT_A_TIME = 500
PARTITION_BYTES = 256 * 1024
"""Fetched ahead for each partition; a larger message comes alone."""
FETCH_BYTES = 4 * 1024 * 1024
NEW_TOPICS_SECONDS = 30
"""Time after which a topic that was made meanwhile is found."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Address, group and credentials; without a `cafile`, the system's certificates."""

    servers: Sequence[str]
    group: str
    security_protocol: str = "PLAINTEXT"
    cafile: Path | None = None
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = None


def make_consumer(options: KafkaOptions, group: str | None) -> AIOKafkaConsumer:
    """A consumer that is not started.

    Raises:
        OSError: The file of certificates cannot be read.
    """
    encrypted = options.security_protocol.endswith("SSL")
    cafile = str(options.cafile) if options.cafile else None
    return AIOKafkaConsumer(
        bootstrap_servers=list(options.servers),
        client_id="bff_teacher",
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=POLLED_AT_A_TIME,
        max_partition_fetch_bytes=PARTITION_BYTES,
        fetch_max_bytes=FETCH_BYTES,
        metadata_max_age_ms=NEW_TOPICS_SECONDS * 1000,
        request_timeout_ms=int(ANSWER_SECONDS * 1000),
        security_protocol=options.security_protocol,
        ssl_context=create_ssl_context(cafile=cafile) if encrypted else None,
        sasl_mechanism=options.sasl_mechanism,
        sasl_plain_username=options.sasl_username,
        sasl_plain_password=options.sasl_password,
    )


class KafkaSource:
    """One membership of the group, from `start` to `stop`; not to be started again."""

    def __init__(self, options: KafkaOptions, topics: Iterable[str]) -> None:
        # It tells each failed attempt to connect, ten a second; `EventConsumer` tells the first.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        # By a pattern, because a topic of a list would have to exist.
        self._pattern = "^(" + "|".join(map(re.escape, sorted(topics))) + ")$"
        self._options = options
        self._consumer: AIOKafkaConsumer | None = None
        self._started_at = time.time()

    async def start(self) -> None:
        try:
            self._consumer = make_consumer(self._options, self._options.group)
            self._consumer.subscribe(pattern=self._pattern)
            async with asyncio.timeout(START_SECONDS):
                await self._consumer.start()
        except (KafkaError, OSError, ValueError) as error:
            raise SourceLost(type(error).__name__) from error

    async def poll(self, seconds: float) -> Sequence[Message]:
        try:
            found = await self._started.getmany(timeout_ms=int(seconds * 1000))
        except KafkaError as error:
            raise SourceLost(type(error).__name__) from error
        return [
            Message(record.topic, record.partition, record.offset, record.value)
            for records in found.values()
            for record in records
        ]

    async def commit(self, messages: Sequence[Message]) -> bool:
        consumer = self._started
        ours = consumer.assignment()
        offsets: dict[TopicPartition, int] = {}
        for one in messages:
            partition = TopicPartition(one.topic, one.partition)
            if partition in ours:
                offsets[partition] = max(offsets.get(partition, 0), one.offset + 1)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if offsets:
                    await consumer.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            log.info("event_commit_failed", kind=type(error).__name__)
            return False
        return True

    async def lag(self) -> int | None:
        consumer = self._started
        ours = consumer.assignment()
        if not ours:
            # All belong to other replicas, or none is there yet; the broker must answer all the same.
            await self._ask(consumer)
            return 0
        answers = [consumer.last_poll_timestamp(one) for one in ours]
        ends = {one: consumer.highwater(one) for one in ours}
        answered_at = max((one / 1000 for one in answers if one), default=self._started_at)
        if time.time() > answered_at + FETCH_SECONDS:
            raise SourceLost("silent")
        return await self._behind(consumer, ends)

    @staticmethod
    async def _ask(consumer: AIOKafkaConsumer) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await consumer.topics()
        except (KafkaError, OSError) as error:
            raise SourceLost(type(error).__name__) from error

    @staticmethod
    async def _behind(
        consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int | None]
    ) -> int | None:
        """The distance to the ends, as the last answers gave them: asking would cost a call each."""
        known = {one: end for one, end in ends.items() if end is not None}
        try:
            async with asyncio.timeout(POSITION_SECONDS):
                positions = {one: await consumer.position(one) for one in known}
        except (KafkaError, TimeoutError):
            # A rebalancing has taken the partition away.
            return None
        behind: int = sum(max(0, end - positions[one]) for one, end in known.items())
        return behind

    async def stop(self) -> None:
        if self._consumer is None:
            return
        try:
            # It may wait for good (aiokafka's issues 773 and 659).
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()
        except (KafkaError, OSError) as error:
            log.warning("event_source_not_stopped", kind=type(error).__name__)

    @property
    def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise SourceLost("not_started")
        return self._consumer
