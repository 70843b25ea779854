"""Takes a consumer group back to the beginning. Needs the extra `kafka`, as `kafka` does."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError

from services.bff_teacher.events.kafka import (
    ANSWER_SECONDS,
    START_SECONDS,
    STOP_SECONDS,
    KafkaOptions,
    make_consumer,
)
from services.bff_teacher.events.source import SourceLost

ALONE_SECONDS = 40.0
"""Time to get all partitions: a member that was killed counts for ten, and a group forms in as many."""


async def rewind(
    options: KafkaOptions, topics: Iterable[str], *, patience: float = ALONE_SECONDS
) -> int:
    """Commit the first offset that each partition has; the number of partitions.

    As a member of the group, and its only one: not every broker takes the commits of a stranger.

    Raises:
        SourceLost: The broker cannot be reached, or the group has other members.
    """
    consumer = make_consumer(options, options.group)
    try:
        async with asyncio.timeout(START_SECONDS):
            await consumer.start()
            wanted = await _partitions(consumer, topics)
        if wanted:
            await _commit_beginnings(consumer, wanted, patience)
    except (KafkaError, OSError) as error:
        raise SourceLost(type(error).__name__) from error
    finally:
        # It may wait for the group, which forgets us in ten seconds by itself.
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await consumer.stop()
    return len(wanted)


async def _partitions(
    consumer: AIOKafkaConsumer, topics: Iterable[str]
) -> frozenset[TopicPartition]:
    known = await consumer.topics()
    return frozenset(
        TopicPartition(topic, number)
        for topic in known & set(topics)
        for number in consumer.partitions_for_topic(topic) or ()
    )


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # it has no annotations
    """The partitions that a member has now."""

    def __init__(self) -> None:
        self.partitions: frozenset[TopicPartition] = frozenset()
        self.changed = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Another membership follows."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.partitions = frozenset(assigned)
        self.changed.set()


async def _commit_beginnings(
    consumer: AIOKafkaConsumer, wanted: frozenset[TopicPartition], patience: float
) -> None:
    """Join the group, and commit when all its partitions are ours.

    Raises:
        SourceLost: Another member has some.
    """
    membership = Membership()
    consumer.subscribe(sorted({one.topic for one in wanted}), listener=membership)
    try:
        async with asyncio.timeout(patience):
            while membership.partitions != wanted:
                membership.changed.clear()
                await membership.changed.wait()
    except TimeoutError:
        raise SourceLost("the group has other members") from None
    async with asyncio.timeout(ANSWER_SECONDS):
        await consumer.commit(await consumer.beginning_offsets(wanted))
