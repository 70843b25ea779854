"""The log in Redis; what is done in one step is a script."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bff_core.events import UserChannels
from services.bff_teacher.streaming import scripts
from services.bff_teacher.streaming.differ import Batches
from services.bff_teacher.streaming.log import (
    Claim,
    Event,
    Held,
    LogAway,
    Mark,
    News,
    Publication,
    Remark,
    Snapshot,
    ids_of,
)
from services.bff_teacher.streaming.topics import LIST, Topic

WAKE = "live:wake"
STATE, ACTIVITY = "state", "activity"
"""What a wake-up is about: `user topic word`."""
A_READ = 64
"""Events that one read brings; who is further behind reads again."""

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Seconds, events and bytes; `lease` is the least between two reads for one user."""

    lease: float = 1.0
    life: float = 600.0
    longest: int = 256
    largest_batch_of_events: int = 64 * 1024
    patience: float = 1.0


def redis_for_live(url: str, *, connections: int = 32) -> Redis:
    """A client that never repeats a command on its own, and waits for a free connection."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=1.0,
        socket_timeout=1.0,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisLog:
    """A `Log`. `channels` are told of what happens to lists, in the same step."""

    def __init__(
        self, redis: Redis, channels: UserChannels, options: LogOptions | None = None
    ) -> None:
        self._redis = redis
        self._channels = channels
        self._options = options or LogOptions()
        self._claim = redis.register_script(scripts.CLAIM)
        self._publish = redis.register_script(scripts.PUBLISH)
        self._remark = redis.register_script(scripts.REMARK)
        self._after = redis.register_script(scripts.AFTER)

    async def claim(self, topic: Topic, *, ago: float) -> Claim:
        keys = [_key(topic), _key(topic, "events"), f"live:{{{topic.user_id}}}:lease"]
        options = self._options
        args = [_ms(ago), _ms(options.lease), _ms(options.life)]
        verdict, wait, ticket, epoch, offset = await self._run(self._claim, keys, args)
        mark = Mark(epoch.decode(), offset) if epoch else None
        return Claim(verdict.decode(), wait / 1000, ticket, mark)

    async def held(self, topic: Topic) -> Held:
        found = await self.after(topic, None)
        if not isinstance(found, Snapshot):
            return Held()
        return Held(found.mark.epoch, found.version, _decoded(found.batches))

    async def publish(self, topic: Topic, publication: Publication) -> bool:
        held, options = publication.held, self._options
        events = _events(publication)
        if sum(len(data) for _, data in events) > options.largest_batch_of_events:
            events = []
        args: list[str | bytes | int] = [
            held.epoch,
            held.version,
            publication.ticket,
            secrets.token_hex(6),
            _encode(publication.batches),
            " ".join(ids_of(publication.batches)),
            _ms(options.life),
            options.longest,
            WAKE,
            f"{topic.user_id} {topic.name} {STATE}",
            len(publication.changes),
            len(events),
        ]
        for word, data in events:
            args += [word, data]
        args += self._announced(topic, publication)
        return bool(await self._run(self._publish, _keys(topic), args))

    async def remark(self, topic: Topic, remark: Remark) -> bool:
        options = self._options
        wake = f"{topic.user_id} {topic.name} {ACTIVITY}"
        args = [remark.digest, remark.data, _ms(options.life), options.longest, WAKE, wake]
        keys = [*_keys(topic), _key(topic, "remarks")]
        return bool(await self._run(self._remark, keys, [*args, *remark.about]))

    async def after(self, topic: Topic, mark: Mark | None) -> News | Snapshot | None:
        args = [mark.epoch or "none", mark.offset, A_READ] if mark else ["", 0, A_READ]
        answer = await self._run(self._after, _keys(topic), args)
        if not answer:
            return None
        kind, epoch, offset, *rest = answer
        if kind == b"state":
            version, batches, lost = rest
            return Snapshot(Mark(epoch.decode(), offset), version, batches, lost.decode())
        return _news(epoch.decode(), offset, rest[0])

    async def _run(self, script: Any, keys: Sequence[str], args: Sequence[object]) -> Any:
        try:
            async with asyncio.timeout(self._options.patience):
                return await script(keys=keys, args=args)
        except (RedisError, OSError, TimeoutError) as error:
            raise LogAway from error

    def _announced(self, topic: Topic, publication: Publication) -> list[str | bytes | int]:
        """Only of lists: a batch's own changes are in them, as far as they concern others."""
        if topic.name != LIST:
            return []
        told: list[str | bytes | int] = []
        version = publication.held.version
        for number, change in enumerate(publication.changes, start=1):
            data = change.data(version + number)
            for channel, message in self._channels.messages(topic.user_id, change.event, data):
                told += [channel, message]
        return told


def _events(publication: Publication) -> list[tuple[str, bytes]]:
    version = publication.held.version
    return [
        (change.event, _encode(change.data(version + number)))
        for number, change in enumerate(publication.changes, start=1)
    ]


def _news(epoch: str, offset: int, found: Sequence[Any]) -> News:
    events = [
        Event(int(id_.split(b"-")[0]), fields[1].decode(), fields[3]) for id_, fields in found
    ]
    return News(Mark(epoch, events[-1].offset if events else offset), events)


def _decoded(batches: bytes) -> Batches:
    try:
        return msgspec.json.decode(batches, type=dict[str, dict[str, Any]])
    except msgspec.DecodeError as error:
        raise LogAway from error


def _key(topic: Topic, part: str = "") -> str:
    # One hash slot for all that belongs to a user: a cluster lets a script touch no other.
    key = f"live:{{{topic.user_id}}}:{topic.name}"
    return f"{key}:{part}" if part else key


def _keys(topic: Topic) -> list[str]:
    return [_key(topic), _key(topic, "events")]


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
