"""One Redis subscription for the process: every user channel, handed to that user's sockets."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_POLL_SECONDS = 1.0
_PLACE = "{user_id}"
log = logging.getLogger(__name__)

Deliver = Callable[[str, str], None]


class Subscription:
    """`lost` is called each time that Redis went away: what was published meanwhile is gone."""

    def __init__(
        self, redis: Redis, channels: Sequence[str], deliver: Deliver, lost: Callable[[], None]
    ) -> None:
        self._redis = redis
        self._channels = [_ends(template) for template in channels]
        self._deliver = deliver
        self._lost = lost
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning("Redis is away: %s", type(error).__name__)
            pause = FIRST_PAUSE_SECONDS if self.listening.is_set() else pause
            self.listening.clear()
            self._lost()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.psubscribe(*(f"{before}*{after}" for before, after in self._channels))
            while True:
                await self._take(pubsub)

    async def _take(self, pubsub: PubSub) -> None:
        message = await pubsub.get_message(timeout=_POLL_SECONDS)
        if message is None:
            return
        if message["type"] == "psubscribe":
            self.listening.set()
        elif message["type"] == "pmessage":
            self._hand_over(_text(message["channel"]), _text(message["data"]))

    def _hand_over(self, channel: str, text: str) -> None:
        for before, after in self._channels:
            user_id = channel.removeprefix(before).removesuffix(after)
            if user_id and f"{before}{user_id}{after}" == channel:
                self._deliver(user_id, text)
                return


def _ends(template: str) -> tuple[str, str]:
    before, place, after = template.partition(_PLACE)
    if not place or not before:
        raise ValueError(f"{template!r} is no channel of a user: it has to say {_PLACE}.")
    return before, after


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
