"""Publishes revocation marks, and keeps them in Redis for those who listen later."""

from collections.abc import Sequence

import msgspec

from bff_core.auth.revocations import (
    MAX_MARKS,
    RevocationMark,
    RevocationNotice,
    RevocationTopic,
)
from bff_core.cache import RedisClient

# A script, so that a mark is kept before it is heard of: in a cluster, the commands of a pipeline
# may go to several servers, in any order.
# KEYS: kept marks. ARGV: channel, notice, time of the oldest mark, most marks, seconds to keep
# them, then the time and the subject of each mark.
_KEEP_AND_PUBLISH = """
for at = 6, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'GT', ARGV[at], ARGV[at + 1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if #ARGV > 5 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[4]))
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
"""


class RevocationPublisher:
    """Publishes to the listeners of a topic; each call raises what redis-py raises."""

    def __init__(self, redis: RedisClient, topic: RevocationTopic, lifetime: float) -> None:
        """`lifetime` in seconds: that of what a mark revokes."""
        self._topic = topic
        self._lifetime = lifetime
        self._script = redis.register_script(_KEEP_AND_PUBLISH)

    async def publish(self, marks: Sequence[RevocationMark], now: float) -> None:
        """Keep and publish the marks, at a time in epoch seconds; without any, only be heard."""
        notice = msgspec.json.encode(RevocationNotice(list(marks)))
        limits = [now - self._lifetime, MAX_MARKS, max(1, round(self._lifetime))]
        kept = [text for mark in marks for text in (repr(mark.at), mark.user_id)]
        await self._script(
            keys=[self._topic.kept_key], args=[self._topic.channel, notice, *limits, *kept]
        )
