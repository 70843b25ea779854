"""Redis pub/sub: the channels of users, and the one subscription of the process."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import msgspec
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError

from bff_core.cache import RedisClient, drop_connections, next_message
from bff_core.context import UserId
from services.bff_teacher.contracts.notifications import channel_of
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.state import StreamTopic

WAKE_UP_CHANNEL = "live:wake"
COMMAND_TIMEOUT_SECONDS = 1.0
PING_AFTER_SECONDS = 2.0
"""A silent connection is probed after this time, and given up after twice as long."""
PROBE_EXPIRY_SECONDS = 10
RECONNECT_DELAY_SECONDS = 0.5

WakeUpKind = Literal["state", "activity", "write"]
_KINDS: dict[str, WakeUpKind] = {"activity": "activity", "write": "write"}

log = structlog.get_logger()
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Announces to all replicas a change of a topic's state, an activity, or a write of the user.

    `replica` is the sender. It has dropped its own older reads before it sent this.
    """

    user_id: UserId
    topic_name: str
    kind: WakeUpKind
    replica: str = ""

    @classmethod
    def of(cls, topic: StreamTopic, kind: WakeUpKind, replica: str = "") -> Self:
        return cls(topic.user_id, topic.name, kind, replica)

    @classmethod
    def decode(cls, message: bytes) -> Self:
        fields = [*message.decode(errors="replace").split(" "), "", "", ""]
        user_id, topic_name, kind, replica = fields[:4]
        return cls(UserId(user_id), topic_name, _KINDS.get(kind, "state"), replica)

    def encode(self) -> bytes:
        return f"{self.user_id} {self.topic_name} {self.kind} {self.replica}".encode()


@dataclass(frozen=True, slots=True)
class UserChannels:
    """Channels on which other services learn of a user's changes, in the platform's envelope.

    `templates` are channel names with `{user_id}` in them; without any, nothing is published.
    `source` is part of every message, so that a publisher recognises its own messages.
    """

    templates: Sequence[str] = ()
    source: str = ""

    def messages(
        self, user_id: UserId, event: str, data: Mapping[str, object]
    ) -> Iterator[tuple[str, bytes]]:
        """Channel and message for every template."""
        message = _encode({"event": event, "data": {**data, "source": self.source}})
        for template in self.templates:
            yield template.replace("{user_id}", user_id), message

    def is_own(self, data: Mapping[str, object]) -> bool:
        """True for the data of a message that this service published."""
        return data.get("source") == self.source


class PubSubListener(Protocol):
    """Callbacks of the subscription; none of them blocks."""

    def on_connected(self) -> None: ...

    def on_disconnected(self) -> None:
        """Messages published from now until `on_connected` are lost."""
        ...

    def on_wake_up(self, wake_up: WakeUp) -> None: ...

    def on_message(self, user_id: UserId, message: bytes) -> None: ...


class PubSubClient(Protocol):
    async def run(self, listener: PubSubListener) -> None:
        """Receive messages until cancelled; reconnects when the connection is lost."""
        ...

    async def subscribe(self, user_id: UserId) -> None:
        """Receive the messages to a user from now on.

        Raises:
            EventLogUnavailable: There is no connection.
        """
        ...

    async def unsubscribe(self, user_id: UserId) -> None: ...

    async def announce(self, wake_up: WakeUp) -> None:
        """Send it to all replicas, this one included.

        Raises:
            EventLogUnavailable: Redis cannot be reached.
        """
        ...


class RedisPubSubClient:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._connection: PubSub | None = None
        self._users: set[UserId] = set()
        self._failing = False
        self._probe_channel = f"live:probe:{secrets.token_hex(8)}"

    async def run(self, listener: PubSubListener) -> None:
        while True:
            try:
                async with self._connect() as connection:
                    self._note_connected()
                    listener.on_connected()
                    await self._dispatch_messages(connection, listener)
            except ReadOnlyError as error:
                log.warning("live_pubsub_lost", kind=type(error).__name__)
                await drop_connections(self._redis, in_use=True)
            except (RedisError, OSError, TimeoutError) as error:
                self._note_lost(error)
            finally:
                listener.on_disconnected()
            await asyncio.sleep(RECONNECT_DELAY_SECONDS)

    async def subscribe(self, user_id: UserId) -> None:
        if user_id in self._users:
            return
        self._users.add(user_id)
        try:
            async with self._command() as connection:
                await connection.subscribe(channel_of(user_id))
        except EventLogUnavailable:
            self._users.discard(user_id)
            raise

    async def unsubscribe(self, user_id: UserId) -> None:
        if user_id in self._users:
            self._users.discard(user_id)
            async with self._command() as connection:
                await connection.unsubscribe(channel_of(user_id))

    async def announce(self, wake_up: WakeUp) -> None:
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                await self._redis.publish(WAKE_UP_CHANNEL, wake_up.encode())
        except (RedisError, OSError, TimeoutError) as error:
            raise EventLogUnavailable from error

    def _note_connected(self) -> None:
        if self._failing:
            log.info("live_pubsub_connected")
        self._failing = False

    def _note_lost(self, error: Exception) -> None:
        """Log the first failure only, as attempts follow each other twice a second."""
        if not self._failing:
            log.warning("live_pubsub_lost", kind=type(error).__name__)
        self._failing = True

    @asynccontextmanager
    async def _command(self) -> AsyncIterator[PubSub]:
        if self._connection is None:
            raise EventLogUnavailable
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                with _lost_connections():
                    yield self._connection
        except (RedisError, OSError, TimeoutError) as error:
            raise EventLogUnavailable from error

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[PubSub]:
        connection = self._redis.pubsub()
        self._users.clear()
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                await connection.subscribe(WAKE_UP_CHANNEL, self._probe_channel)
            self._connection = connection
            yield connection
        finally:
            self._connection = None
            await connection.aclose()  # type: ignore[no-untyped-call]  # redis has no annotation

    async def _dispatch_messages(self, connection: PubSub, listener: PubSubListener) -> None:
        while True:
            with _lost_connections():
                message = await next_message(
                    connection,
                    self._probe,
                    silence=PING_AFTER_SECONDS,
                    patience=COMMAND_TIMEOUT_SECONDS,
                )
            if message["type"] != "message":
                continue
            channel = message["channel"].decode()
            if channel == self._probe_channel:
                continue
            if channel == WAKE_UP_CHANNEL:
                listener.on_wake_up(WakeUp.decode(message["data"]))
            else:
                listener.on_message(UserId(channel.partition(":")[2]), message["data"])

    async def _probe(self) -> None:
        """Send the subscription a message, by a command that only a primary server takes.

        After a fail-over an old server may answer pings on an open connection for good.
        """
        await self._redis.set(self._probe_channel, b"", ex=PROBE_EXPIRY_SECONDS)
        await self._redis.publish(self._probe_channel, b"")


@contextmanager
def _lost_connections() -> Iterator[None]:
    """Raise what redis-py lets out when a command meets the loss of its connection as that loss.

    It connects anew within the command, while its reader still waits.
    """
    try:
        yield
    except (AttributeError, RuntimeError) as error:
        raise RedisConnectionError("the subscription was lost") from error
