"""One Redis subscription of the process to every user channel."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_POLL_SECONDS = 1.0
_PLACEHOLDER = "{user_id}"
log = logging.getLogger(__name__)


class ChannelSubscription:
    """Calls `deliver` with user id and text of each message.

    `lost` is called each time that the subscription ends: messages sent meanwhile are lost.
    """

    def __init__(
        self,
        redis: Redis,
        templates: Sequence[str],
        deliver: Callable[[str, str], None],
        lost: Callable[[], None],
    ) -> None:
        self._redis = redis
        self._affixes = [_affixes(template) for template in templates]
        self._deliver = deliver
        self._lost = lost
        self.listening = asyncio.Event()

    async def wait_until_listening(self, seconds: float) -> None:
        """Wait until the subscription stands, or `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self.listening.wait()
        except TimeoutError:
            log.warning("Redis is away: no message arrives")

    async def run(self) -> None:
        """Listen until cancelled; subscribe again with growing pauses."""
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
            await pubsub.psubscribe(*(f"{prefix}*{suffix}" for prefix, suffix in self._affixes))
            while True:
                message = await pubsub.get_message(timeout=_POLL_SECONDS)
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    self.listening.set()
                elif message["type"] == "pmessage":
                    self._dispatch(_text(message["channel"]), _text(message["data"]))

    def _dispatch(self, channel: str, text: str) -> None:
        for prefix, suffix in self._affixes:
            user_id = channel.removeprefix(prefix).removesuffix(suffix)
            if user_id and f"{prefix}{user_id}{suffix}" == channel:
                self._deliver(user_id, text)
                return


def _affixes(template: str) -> tuple[str, str]:
    prefix, placeholder, suffix = template.partition(_PLACEHOLDER)
    if not placeholder or not prefix:
        raise ValueError(f"{template!r} is no channel of a user: it must contain {_PLACEHOLDER}.")
    return prefix, suffix


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
