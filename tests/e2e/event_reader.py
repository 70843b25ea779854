"""The records of a devstack's broker, as any consumer reads them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiokafka import (
    AIOKafkaConsumer,
    TopicPartition,
)

from devstack.events.event import PARTITIONS, TOPICS, topic_name
from devstack.supervisor.processes import KAFKA_PORT
from tests.e2e.demo_stack import DemoStack

PATIENCE = 90.0
"""Seconds for a busy machine."""


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    key: str
    at_ms: int
    partition: int
    envelope: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.envelope["data"]
        return found

    def is_of(self, ids: set[str]) -> bool:
        names = ("batch_id", "entity_id", "essay_id", "file_upload_id")
        return bool(ids & {self.key, *(str(self.data.get(name)) for name in names)})


async def records_until(
    stack: DemoStack, is_enough: Callable[[list[Record]], bool]
) -> list[Record]:
    """All records from the earliest on, in the order of their times, once they are enough."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=f"127.0.0.1:{KAFKA_PORT + stack.offset}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: list[Record] = []
    async with asyncio.timeout(PATIENCE), consumer:
        consumer.assign(
            [TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        )
        while not is_enough(found):
            for messages in (await consumer.getmany(timeout_ms=300)).values():
                found += [_record(message) for message in messages]
    return sorted(found, key=lambda record: record.at_ms)


def of_topic(records: list[Record], short: str) -> list[Record]:
    return [record for record in records if record.topic == topic_name(short)]


def _record(message: Any) -> Record:
    envelope = json.loads(message.value)
    key = message.key.decode()
    return Record(message.topic, key, message.timestamp, message.partition, envelope)
