"""Event publisher over a Redis stream."""

import json
from collections.abc import Sequence

from redis.exceptions import RedisError, ResponseError

from bff_core.cache import RedisClient, drop_connections
from services.identity_admin.implementations.outbox_relay import OutboxEvent, PublishFailed

# One script, where a pipeline of a cluster would start a thread for each entry.
# KEYS: stream. ARGV: its approximate length, then event id, topic, key and event of each entry.
_ADD = """
for at = 2, #ARGV, 4 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event_id', ARGV[at],
    'topic', ARGV[at + 1], 'key', ARGV[at + 2], 'event', ARGV[at + 3])
end
"""


class RedisStreamPublisher:
    """Adds entries of `event_id`, `topic`, `key` and `event`, the platform's envelope as JSON."""

    def __init__(self, redis: RedisClient, stream: str, max_length: int) -> None:
        self._redis = redis
        self._stream = stream
        self._max_length = max_length
        self._add = redis.register_script(_ADD)

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        args: list[str | int] = [self._max_length]
        for event in events:
            envelope = json.dumps(event.envelope, ensure_ascii=False, separators=(",", ":"))
            args += [str(event.event_id), event.topic, event.key, envelope]
        try:
            await self._add(keys=[self._stream], args=args)
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, ResponseError):
                await drop_connections(self._redis, in_use=False)
            raise PublishFailed from error
