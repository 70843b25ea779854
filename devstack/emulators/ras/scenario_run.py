"""Runs the scenario inside RAS's emulator: a step now and then, or when somebody orders one."""

import asyncio
import json
import logging
import sqlite3
from functools import partial
from typing import TypedDict

from redis.asyncio import Redis
from redis.exceptions import RedisError

from devstack.emulators.database import Database
from devstack.emulators.ras.cache import AnswerCache, list_pattern
from devstack.emulators.ras.scenario_writes import last_step, take_step
from devstack.notifications import channel_of, notifications_of
from devstack.scenario import Move, Scenario

_PUBLISH_SECONDS = 2.0
log = logging.getLogger(__name__)


class Told(TypedDict):
    """A step as the control route tells it; `notifications` counts what was published."""

    step: int
    move: str
    batch_id: str
    user_id: str
    notifications: int


class ScenarioRun:
    """`redis` carries the notifications; while it is away they are lost, as they are there."""

    def __init__(
        self, scenario: Scenario, database: Database, cache: AnswerCache, redis: Redis
    ) -> None:
        self._scenario = scenario
        self._database = database
        self._cache = cache
        self._redis = redis
        self._one_at_a_time = asyncio.Lock()

    async def last_step(self) -> int:
        return await self._database.run(last_step)

    async def step(self) -> Told:
        """Move one batch, forget what RAS forgets, tell its teacher.

        Raises:
            sqlite3.Error: The data is not there or is locked; nothing has moved.
        """
        async with self._one_at_a_time:
            move = await self._database.run(partial(take_step, scenario=self._scenario))
            if move.forgets_lists:
                await self._cache.forget(list_pattern(move.batch.user_id))
            published = await self._tell(move)
        return {
            "step": move.step,
            "move": move.name,
            "batch_id": move.batch.batch_id,
            "user_id": move.batch.user_id,
            "notifications": published,
        }

    async def keep_going(self, pace_seconds: float) -> None:
        """A step every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(pace_seconds)
            try:
                await self.step()
            except sqlite3.Error as error:
                log.warning("The scenario missed a step: %s", error)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _tell(self, move: Move) -> int:
        notifications = notifications_of(move)
        channel = channel_of(move.batch.user_id)
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                for one in notifications:
                    text = json.dumps({"event": one.event, "data": one.data})
                    await self._redis.publish(channel, text)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("A step was not told: %s", type(error).__name__)
            return 0
        return len(notifications)
