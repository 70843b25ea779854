"""Lets effects happen when they are due, and publishes what teachers learn of them."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from devstack.effects import matching, pipelines, registration, uploading_teacher, uploads
from devstack.effects.messages import Message
from devstack.effects.queue import Effect, take_due
from devstack.effects.world import batch_of
from devstack.emulators.database import SeededDatabase

TICK_SECONDS = 0.1
_PUBLISH_SECONDS = 2.0
_CLEARS_LISTS = frozenset({"listed", "file_checked", "completed"})

HANDLERS: Mapping[str, Callable[[sqlite3.Connection, Effect], list[Message]]] = {
    "listed": registration.list_batch,
    "file_received": uploads.announce,
    "file_checked": uploads.check,
    "file_removed": uploads.remove,
    "provisioned": uploads.provision,
    "matched": matching.match,
    "suggested": matching.suggest,
    "released": matching.release,
    "started": pipelines.start,
    "essay_checked": pipelines.check_essay,
    "phase_ended": pipelines.end_phase,
    "completed": pipelines.complete,
    "demo_files": uploading_teacher.send_files,
    "demo_replacement": uploading_teacher.replace_file,
    "demo_start": uploading_teacher.start,
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Happened:
    """The messages of effects, and the users whose cached lists RAS deletes."""

    messages: Sequence[Message]
    users: frozenset[str]


class EffectRunner:
    """`clear_lists` deletes RAS's cached lists of a user."""

    def __init__(
        self, database: SeededDatabase, redis: Redis, clear_lists: Callable[[str], Awaitable[None]]
    ) -> None:
        self._database = database
        self._redis = redis
        self._clear_lists = clear_lists

    async def run(self) -> None:
        """Look for due effects until cancelled."""
        while True:
            try:
                if not await self.step():
                    await asyncio.sleep(TICK_SECONDS)
            except sqlite3.Error as error:
                log.warning("Effects have to wait: %s", error)
                await asyncio.sleep(TICK_SECONDS)

    async def step(self) -> int:
        """Let the effects that are due happen; the number of messages and lists that change."""
        happened = await self._database.run(_happen)
        for user_id in happened.users:
            await self._clear_lists(user_id)
        for message in happened.messages:
            await self._publish(message)
        return len(happened.messages) + len(happened.users)

    async def _publish(self, message: Message) -> None:
        text = json.dumps({"event": message.event, "data": message.data})
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._redis.publish(f"ws:{message.user_id}", text)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("A message was not published: %s", type(error).__name__)


def _happen(connection: sqlite3.Connection) -> Happened:
    messages: list[Message] = []
    users: set[str] = set()
    for effect in take_due(connection):
        messages += HANDLERS[effect.kind](connection, effect)
        batch = batch_of(connection, effect.batch_id) if effect.kind in _CLEARS_LISTS else None
        if batch is not None:
            users.add(batch["user_id"])
    return Happened(messages, frozenset(users))
