"""Revocation by marks of a subject and a time: kept in memory, published and heard through Redis."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import structlog
from cachetools import TTLCache
from redis.exceptions import RedisError

from bff_core.auth.admin_access import AdminAccess
from bff_core.auth.verifier import Claims
from bff_core.cache import RedisClient, next_message
from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import NotAuthenticated, Unavailable
from bff_core.tasks import cancel_and_wait

MAX_MARKS = 100_000
SILENCE_SECONDS = 4.0
"""After this time without a word from Redis, or from a publisher that was heard before."""
_PING_SECONDS = 1.0
_START_SECONDS = 1.0
_LOAD_SECONDS = 2.0
_RECONNECT_SECONDS = 1.0

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

log = structlog.get_logger()
_random = random.SystemRandom()


class RevocationMark(msgspec.Struct, frozen=True):
    """Access tokens of the user that were issued until `at`, in epoch seconds, are refused."""

    user_id: UserId
    at: float


class RevocationMarks:
    """The newest mark of each subject, kept as long as what it revokes may live."""

    def __init__(
        self,
        clock: Clock,
        lifetime: float,
        *,
        limit: int = MAX_MARKS,
        on_mark: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`lifetime` in seconds. Beyond `limit` marks, the one unused for longest is dropped.

        `on_mark` is called with the subject of each new mark.
        """
        self._marks: TTLCache[str, float] = TTLCache(limit, lifetime, timer=clock.monotonic)
        self._on_mark = on_mark

    def add(self, marks: Iterable[RevocationMark]) -> None:
        for mark in marks:
            # Assigned only when newer: a repeated notice must not keep a mark for ever.
            if mark.at > self._marks.get(mark.user_id, float("-inf")):
                self._marks[mark.user_id] = mark.at
                log.info("access_revoked")
                self._on_mark(mark.user_id)

    def __len__(self) -> int:
        return len(self._marks)

    def revokes(self, claims: Claims) -> bool:
        return self.covers(claims.user_id, claims.issued_at)

    def covers(self, subject: str, since: float) -> bool:
        """True if the subject was marked at that time, in epoch seconds, or later."""
        marked_at = self._marks.get(subject)
        return marked_at is not None and since <= marked_at


class RevocationTopic(NamedTuple):
    """Marks of one kind: the channel of their notices, and a sorted set of subjects by time."""

    channel: str
    kept_key: str


ACCESS_TOKENS = RevocationTopic("identity:revocations", "identity:revoked")
"""Marks of users, published by Identity; times are epoch seconds."""


class RevocationNotice(msgspec.Struct, frozen=True):
    """A message of the channel; without marks it says that the publisher lives."""

    marks: list[RevocationMark] = []


_decode = msgspec.json.Decoder(RevocationNotice).decode


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


class RevocationListener:
    """Subscribes for as long as it runs, and tells when marks may be missed."""

    def __init__(
        self,
        redis: RedisClient,
        marks: RevocationMarks,
        clock: Clock,
        topic: RevocationTopic = ACCESS_TOKENS,
    ) -> None:
        self._redis = redis
        self._topic = topic
        self._marks = marks
        self._clock = clock
        self._redis_at = float("-inf")
        self._publisher_at: float | None = None
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._loaded = asyncio.Event()

    @property
    def connected(self) -> bool:
        """True while Redis answers."""
        return self._clock.monotonic() - self._redis_at < SILENCE_SECONDS

    @property
    def publisher_lives(self) -> bool:
        """True while the publisher is heard, or if it never was: it has no approval to take."""
        heard_at = self._publisher_at
        return heard_at is None or self._clock.monotonic() - heard_at < SILENCE_SECONDS

    async def start(self) -> None:
        """Listen, and wait a moment for the kept marks: a new process must not miss them."""
        self._task = asyncio.create_task(self.run(), name="revocations")
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                await self._loaded.wait()

    async def aclose(self) -> None:
        """Stop listening, and close the connection to Redis."""
        if self._task is not None:
            await cancel_and_wait(self._task)
        await self._redis.aclose()

    async def run(self) -> None:
        """Listen until cancelled; connect again when the connection is lost."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                # The first failure only, as attempts follow each other every second.
                if not self._failing:
                    log.warning("revocations_not_heard", kind=type(error).__name__)
                self._failing = True
            except Exception:  # the outermost frame of a background task
                log.exception("revocations_crashed")
            self._redis_at = float("-inf")
            await asyncio.sleep(_RECONNECT_SECONDS * _random.uniform(0.5, 1.0))

    async def _listen(self) -> None:
        connection = self._redis.pubsub()
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                # Subscribed before the kept ones are read: no mark falls between the two.
                await connection.subscribe(self._topic.channel)
                # The library's type is a union of what all its options bring.
                kept: Any = await self._redis.zrange(
                    self._topic.kept_key, 0, MAX_MARKS - 1, desc=True, withscores=True
                )
            self._marks.add(RevocationMark(UserId(user_id.decode()), at) for user_id, at in kept)
            self._redis_at = self._clock.monotonic()
            self._loaded.set()
            if self._failing:
                log.info("revocations_heard_again")
            self._failing = False
            while True:
                message = await next_message(
                    connection, connection.ping, silence=_PING_SECONDS, patience=_PING_SECONDS
                )
                self._redis_at = self._clock.monotonic()
                if message["type"] == "message":
                    self._read(message["data"])
        finally:
            await connection.aclose()  # type: ignore[no-untyped-call]  # redis has no annotation

    def _read(self, data: bytes) -> None:
        try:
            notice = _decode(data)
        except msgspec.DecodeError:
            log.warning("revocation_notice_not_read")
            return
        self._publisher_at = self._clock.monotonic()
        self._marks.add(notice.marks)


class Revocations:
    """Refuses revoked tokens; asks the issuer on an admin's route when marks are not heard."""

    def __init__(
        self,
        marks: RevocationMarks,
        listener: RevocationListener | None,
        access: AdminAccess | None = None,
    ) -> None:
        """`listener` is None without Redis: then the issuer is asked about every admin."""
        self._marks = marks
        self._listener = listener
        self._access = access

    async def check(self, claims: Claims, authorization: str, *, for_admins: bool) -> None:
        """Raise as `AdminAccess.require_admin` does.

        Raises:
            NotAuthenticated: The token was issued before its user lost access or a role.
        """
        if self._marks.revokes(claims):
            raise NotAuthenticated("token_revoked")
        if not for_admins or self._access is None:
            return
        listener = self._listener
        if listener is not None and listener.connected and listener.publisher_lives:
            return
        try:
            await self._access.require_admin(authorization)
        except Unavailable:
            # An Identity that is down denies nobody. With a silent Redis it may be up for others.
            if listener is not None and not listener.connected:
                raise

    def revokes(self, claims: Claims) -> bool:
        """True once the token is revoked, for what outlives the check of its request."""
        return self._marks.revokes(claims)
