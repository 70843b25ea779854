"""Events into a Redis Stream, in one go."""

import json
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.typing import EncodableT

from services.identity_admin.implementations.relay import OutboxEvent, SinkFailed


class RedisStream:
    """Entries have `event_id`, `topic`, `key` and `event`, the platform's envelope as JSON."""

    def __init__(self, redis: Redis, name: str, length: int) -> None:
        self._redis = redis
        self._name = name
        self._length = length

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for event in events:
                    pipeline.xadd(self._name, _fields(event), maxlen=self._length, approximate=True)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise SinkFailed from error


def _fields(event: OutboxEvent) -> dict[EncodableT, EncodableT]:
    return {
        "event_id": str(event.event_id),
        "topic": event.topic,
        "key": event.key,
        "event": json.dumps(event.envelope, ensure_ascii=False, separators=(",", ":")),
    }
