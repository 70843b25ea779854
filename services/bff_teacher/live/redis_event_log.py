"""Event log in Redis; every operation is one script."""

import asyncio
import secrets
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
from redis.exceptions import ReadOnlyError, RedisError

from bff_core.cache import RedisClient, drop_connections, redis_client
from services.bff_teacher.live import redis_scripts
from services.bff_teacher.live.dependencies import LiveOptions
from services.bff_teacher.live.event_log import (
    ActivityEvent,
    EventBatch,
    EventLogUnavailable,
    Publication,
    ReadClaim,
    StateSnapshot,
    StoredState,
    StreamEvent,
    StreamPosition,
    ids_in,
)
from services.bff_teacher.live.pubsub import WAKE_UP_CHANNEL, UserChannels, WakeUp
from services.bff_teacher.live.state import LIST_TOPIC, StreamTopic

COMMAND_TIMEOUT_SECONDS = 1.0
CONNECT_TIMEOUT_SECONDS = 0.5
MAX_CONNECTIONS = 32
LEASE_SECONDS = 1.0
"""Least time between two reads of the source for one user."""
EVENTS_PER_READ = 64

_encode = msgspec.json.Encoder(order="deterministic").encode


def open_live_redis(url: str) -> RedisClient:
    """A client that never retries a command, and waits for a free connection."""
    return redis_client(
        url,
        connections=MAX_CONNECTIONS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        timeout=COMMAND_TIMEOUT_SECONDS,
    )


class RedisEventLog:
    """An `EventLog`. Changes of lists are published on `channels` in the same step."""

    def __init__(
        self,
        redis: RedisClient,
        channels: UserChannels,
        options: LiveOptions | None = None,
        *,
        replica: str = "",
    ) -> None:
        """`replica` names this process in wake-ups."""
        self._replica = replica
        self._redis = redis
        self._channels = channels
        self._options = options or LiveOptions()
        self._claim_read = redis.register_script(redis_scripts.CLAIM_READ)
        self._publish = redis.register_script(redis_scripts.PUBLISH)
        self._append_activity = redis.register_script(redis_scripts.APPEND_ACTIVITY)
        self._read_after = redis.register_script(redis_scripts.READ_AFTER)

    async def claim_read(self, topic: StreamTopic, *, max_age: float) -> ReadClaim:
        keys = [*_topic_keys(topic), f"live:{{{topic.user_id}}}:lease"]
        args = [_ms(max_age), _ms(LEASE_SECONDS), _ms(self._options.kept_seconds)]
        outcome, wait_ms, token, epoch, offset = await self._run(self._claim_read, keys, args)
        position = StreamPosition(epoch.decode(), offset) if epoch else None
        return ReadClaim(outcome.decode(), wait_ms / 1000, token, position)

    async def stored_state(self, topic: StreamTopic) -> StoredState:
        snapshot = await self.read_after(topic, None)
        if not isinstance(snapshot, StateSnapshot):
            return StoredState()
        try:
            batches = msgspec.json.decode(snapshot.batches, type=dict[str, dict[str, Any]])
        except msgspec.DecodeError as error:
            raise EventLogUnavailable from error
        return StoredState(snapshot.position.epoch, snapshot.version, batches)

    async def publish(self, topic: StreamTopic, publication: Publication) -> bool:
        stored, options = publication.stored, self._options
        changes = [
            (change.event, change.data(version))
            for version, change in enumerate(publication.changes, start=stored.version + 1)
        ]
        events = [(name, _encode(data)) for name, data in changes]
        if sum(len(data) for _, data in events) > options.max_update_bytes:
            events = []
        # Only for lists: they contain what other services need to know of a batch.
        announcements = [
            message
            for name, data in changes
            if topic.name == LIST_TOPIC
            for message in self._channels.messages(topic.user_id, name, data)
        ]
        args = [
            stored.epoch,
            stored.version,
            publication.fencing_token,
            secrets.token_hex(6),
            _encode(publication.batches),
            " ".join(ids_in(publication.batches)),
            _ms(options.kept_seconds),
            options.kept_events,
            WAKE_UP_CHANNEL,
            WakeUp.of(topic, "state", self._replica).encode(),
            len(changes),
            len(events),
            *chain.from_iterable([*events, *announcements]),
        ]
        return bool(await self._run(self._publish, _topic_keys(topic), args))

    async def append_activity(self, topic: StreamTopic, activity: ActivityEvent) -> bool:
        keys = [*_topic_keys(topic), f"{_topic_key(topic)}:activities"]
        args = [
            activity.digest,
            activity.data,
            _ms(self._options.kept_seconds),
            self._options.kept_events,
            WAKE_UP_CHANNEL,
            WakeUp.of(topic, "activity", self._replica).encode(),
            *activity.mentioned_ids,
        ]
        return bool(await self._run(self._append_activity, keys, args))

    async def read_after(
        self, topic: StreamTopic, position: StreamPosition | None
    ) -> EventBatch | StateSnapshot | None:
        # A position of no epoch differs from every epoch; '' would mean no position.
        epoch, offset = (position.epoch or "none", position.offset) if position else ("", 0)
        args = [epoch, offset, EVENTS_PER_READ]
        reply = await self._run(self._read_after, _topic_keys(topic), args)
        if not reply:
            return None
        kind, current_epoch, end, *rest = reply
        here = StreamPosition(current_epoch.decode(), end)
        if kind == b"snapshot":
            version, batches, lost = rest
            return StateSnapshot(here, version, batches, lost.decode())
        events = [
            StreamEvent(int(entry_id.split(b"-")[0]), fields[1].decode(), fields[3])
            for entry_id, fields in rest[0]
        ]
        if not events:
            return EventBatch(here, events)
        last = events[-1].offset
        return EventBatch(StreamPosition(here.epoch, last), events, has_more=last < end)

    async def _run(self, script: Any, keys: Sequence[str], args: Sequence[object]) -> Any:
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                return await script(keys=keys, args=args)
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, ReadOnlyError):
                await drop_connections(self._redis, in_use=True)
            raise EventLogUnavailable from error


def _topic_key(topic: StreamTopic) -> str:
    # The braces put all keys of a user into one hash slot: a cluster runs scripts on one slot only.
    return f"live:{{{topic.user_id}}}:{topic.name}"


def _topic_keys(topic: StreamTopic) -> list[str]:
    return [_topic_key(topic), f"{_topic_key(topic)}:events"]


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
