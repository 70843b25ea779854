"""Lets effects happen when they are due, and publishes what teachers learn of them."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from redis.asyncio import Redis

from devstack.effects import pipelines, registration, uploading_teacher, uploads
from devstack.effects.queue import Effect, take_due
from devstack.effects.world import batch_of
from devstack.emulators.database import SeededDatabase
from devstack.notifications import Notification, publish
from devstack.seed.store import make_tables

TICK_SECONDS = 0.1
_CLEARS_LISTS = frozenset({"listed", "file_checked", "completed"})

HANDLERS: Mapping[str, Callable[[sqlite3.Connection, Effect], list[Notification] | None]] = {
    "listed": registration.list_batch,
    "file_received": uploads.announce,
    "file_checked": uploads.check,
    "file_removed": uploads.remove,
    "provisioned": uploads.provision,
    "matched": uploads.match,
    "suggested": uploads.suggest,
    "released": uploads.release,
    "started": pipelines.start,
    "essay_checked": pipelines.check_essay,
    "phase_ended": pipelines.end_phase,
    "completed": pipelines.complete,
    "demo_files": uploading_teacher.send_files,
    "demo_replacement": uploading_teacher.replace_file,
    "demo_start": uploading_teacher.start,
}
log = logging.getLogger(__name__)


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
        with suppress(sqlite3.Error):
            # Data that an older version has seeded lacks some of them.
            await self._database.run(make_tables)
        while True:
            try:
                if not await self.step():
                    await asyncio.sleep(TICK_SECONDS)
            except sqlite3.Error as error:
                log.warning("Effects have to wait: %s", error)
                await asyncio.sleep(TICK_SECONDS)

    async def step(self) -> int:
        """Let the effects that are due happen; the number of messages and lists that change."""
        notifications, users = await self._database.run(_happen)
        for user_id in users:
            await self._clear_lists(user_id)
        await publish(self._redis, notifications)
        return len(notifications) + len(users)


def _happen(connection: sqlite3.Connection) -> tuple[list[Notification], set[str]]:
    """The notifications of due effects, and the users whose cached lists RAS deletes."""
    notifications: list[Notification] = []
    users: set[str] = set()
    for effect in take_due(connection):
        notifications += HANDLERS[effect.kind](connection, effect) or []
        batch = batch_of(connection, effect.batch_id) if effect.kind in _CLEARS_LISTS else None
        if batch is not None:
            users.add(batch["user_id"])
    return notifications, users
