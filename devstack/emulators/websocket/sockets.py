"""The sockets at `/ws/?token=`, and the one Redis subscription to the channels of all users."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from quart import Blueprint, websocket
from redis.asyncio import Redis
from redis.exceptions import RedisError

from devstack.emulators.server import SettingsFromEnv, variable
from devstack.tokens import AUDIENCE, ISSUER, verified_subject

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_POLL_SECONDS = 1.0
_PLACEHOLDER = "{user_id}"
log = logging.getLogger(__name__)
DEFAULT_REDIS_URL = "redis://localhost:6379/0"
PLATFORM_CHANNEL = "ws:{user_id}"
BFF_CHANNEL = "user:{user_id}:events"
MAX_WAITING = 256


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


@dataclass(frozen=True, kw_only=True)
class WebsocketSettings(SettingsFromEnv):
    """`channels` are templates of the Redis channels that a user's sockets carry.

    The platform ships with its own channel only; the devstack adds the teacher BFF's.
    """

    jwt_secret: str = variable("JWT_SECRET_KEY", "", secret=True)
    jwt_algorithm: str = variable("JWT_ALGORITHM", "HS256")
    jwt_audience: str = variable("JWT_AUDIENCE", AUDIENCE)
    jwt_issuer: str = variable("JWT_ISSUER", ISSUER)
    redis_url: str = variable("REDIS_URL", DEFAULT_REDIS_URL)
    max_connections_per_user: int = variable("WEBSOCKET_MAX_CONNECTIONS_PER_USER", 5, int)
    channels: Sequence[str] = variable(
        "DEVSTACK_WEBSOCKET_CHANNELS", (PLATFORM_CHANNEL,), str.split
    )


@dataclass(frozen=True, slots=True)
class SocketClose:
    """Code and reason with which the service closes a socket."""

    code: int
    reason: str = ""


# Before a socket is open this code becomes a bare 403: the client never sees it.
POLICY_VIOLATION = SocketClose(1008)
INTERNAL_ERROR = SocketClose(1011)
QUOTA_EXCEEDED = SocketClose(
    4000, '{"error_code": "QUOTA_EXCEEDED", "message": "Connection limit exceeded"}'
)


@dataclass(slots=True, eq=False)
class UserSocket:
    """One socket; `outgoing` holds texts to send and, at the end, how to close it."""

    user_id: str
    outgoing: asyncio.Queue[str | SocketClose] = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING)
    )

    def deliver(self, text: str) -> None:
        """Queue a text; a socket whose queue is full is closed."""
        try:
            self.outgoing.put_nowait(text)
        except asyncio.QueueFull:
            self.close(INTERNAL_ERROR)

    def close(self, closing: SocketClose) -> None:
        while not self.outgoing.empty():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(closing)


class SocketRegistry:
    """The open sockets of this process by user."""

    def __init__(self, max_per_user: int) -> None:
        self._max_per_user = max_per_user
        self._by_user: dict[str, set[UserSocket]] = defaultdict(set)

    def add(self, user_id: str) -> UserSocket | None:
        """A new socket; None when the user has the allowed number already."""
        sockets = self._by_user[user_id]
        if len(sockets) >= self._max_per_user:
            return None
        socket = UserSocket(user_id)
        sockets.add(socket)
        return socket

    def remove(self, socket: UserSocket) -> None:
        sockets = self._by_user[socket.user_id]
        sockets.discard(socket)
        if not sockets:
            del self._by_user[socket.user_id]

    def deliver(self, user_id: str, text: str) -> None:
        for socket in self._by_user.get(user_id, ()):
            socket.deliver(text)

    def close_all(self, closing: SocketClose) -> None:
        for sockets in self._by_user.values():
            for socket in sockets:
                socket.close(closing)

    def count(self) -> int:
        return sum(len(sockets) for sockets in self._by_user.values())


class SocketMetrics:
    """The metric families of the websocket service; no label holds a user id."""

    def __init__(self, sockets: SocketRegistry) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.connections = Counter(
            "websocket_connections", "Sockets", ("status",), registry=self.registry
        )
        self.tokens = Counter("jwt_validation", "Tokens", ("result",), registry=self.registry)
        active = Gauge("websocket_active_connections", "Open sockets", registry=self.registry)
        active.set_function(sockets.count)


def create_routes(
    settings: WebsocketSettings,
    sockets: SocketRegistry,
    channels: ChannelSubscription,
    metrics: SocketMetrics,
) -> Blueprint:
    routes = Blueprint("sockets", __name__)

    @routes.websocket("/ws/")
    async def serve() -> None:
        """A refresh token that carries an audience passes, as on the platform."""
        token = websocket.args.get("token", "")
        issued = (settings.jwt_audience, settings.jwt_issuer)
        user_id = verified_subject(token, settings.jwt_secret, settings.jwt_algorithm, *issued)
        metrics.tokens.labels("success" if user_id else "failure").inc()
        if user_id is None:
            await _close(POLICY_VIOLATION)
            return
        await websocket.accept()
        socket = sockets.add(user_id)
        metrics.connections.labels("accepted" if socket else "rejected").inc()
        if socket is None:
            await _close(QUOTA_EXCEEDED)
            return
        if not channels.listening.is_set():
            socket.close(INTERNAL_ERROR)
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(_discard_messages())
                await _send_until_closed(socket)
                reading.cancel()
        finally:
            sockets.remove(socket)

    @routes.websocket("/ws")
    async def refuse() -> None:
        """The platform refuses the address without its slash; Quart would redirect it."""
        await _close(POLICY_VIOLATION)

    return routes


async def _send_until_closed(socket: UserSocket) -> None:
    while not isinstance(item := await socket.outgoing.get(), SocketClose):
        await websocket.send(item)
    await _close(item)


async def _discard_messages() -> None:
    """Read what browsers send, such as text pings, so that it does not pile up."""
    while True:
        await websocket.receive()


async def _close(closing: SocketClose) -> None:
    await websocket.close(closing.code, closing.reason)
