"""The broker of the tests is a broker: it keeps what it was given over kills, and in its order."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)

from tests.kafka_broker import PARTITIONS, KafkaBroker

TOPIC = "huleedu.test.v1"
PATIENT_SECONDS = 60.0
MESSAGES = 200


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker.durable(Path(tmp_path_factory.mktemp("broker"))) as running:
        yield running


def a_consumer(broker: KafkaBroker) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=broker.bootstrap_servers,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


async def read(consumer: AIOKafkaConsumer, count: int) -> list[tuple[bytes, bytes]]:
    """Keys and values, in the order of each partition."""
    found: list[tuple[bytes, bytes]] = []
    async with asyncio.timeout(PATIENT_SECONDS):
        while len(found) < count:
            for messages in (await consumer.getmany(timeout_ms=500)).values():
                found += [(message.key, message.value) for message in messages]
    return found


async def test_killed_broker_keeps_records_topics_and_committed_offsets(
    broker: KafkaBroker,
) -> None:
    await broker.make_topics([TOPIC])
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all") as producer:
        sent = [(b"k%d" % (number % 7), b"%d" % number) for number in range(MESSAGES)]
        waiting = [await producer.send(TOPIC, value, key=key) for key, value in sent]
        await asyncio.wait(waiting, timeout=PATIENT_SECONDS)
        consumer = a_consumer(broker)
        await consumer.start()
        first = await read(consumer, MESSAGES)
        await consumer.commit()

        broker.restart()
        await producer.send_and_wait(TOPIC, b"after", key=b"k0")
        second = await read(consumer, 1)

    partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    committed = [await consumer.committed(partition) for partition in partitions]
    await consumer.stop()
    assert second == [(b"k0", b"after")]
    assert sum(committed) == MESSAGES
    for key in {key for key, _ in sent}:
        assert [pair for pair in first if pair[0] == key] == [
            pair for pair in sent if pair[0] == key
        ]
