"""Event publisher over a Redis stream."""

import json
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.typing import EncodableT

from services.identity_admin.implementations.outbox_relay import OutboxEvent, PublishFailed


class RedisStreamPublisher:
    """Adds entries of `event_id`, `topic`, `key` and `event`, the platform's envelope as JSON."""

    def __init__(self, redis: Redis, stream: str, max_length: int) -> None:
        self._redis = redis
        self._stream = stream
        self._max_length = max_length

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for event in events:
                    entry: dict[EncodableT, EncodableT] = {
                        "event_id": str(event.event_id),
                        "topic": event.topic,
                        "key": event.key,
                        "event": json.dumps(
                            event.envelope, ensure_ascii=False, separators=(",", ":")
                        ),
                    }
                    pipeline.xadd(self._stream, entry, maxlen=self._max_length, approximate=True)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise PublishFailed from error
