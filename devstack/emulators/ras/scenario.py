"""The scenario inside RAS's emulator: steps at a pace or by order at `/_devstack/scenario`."""

import asyncio
import json
import logging
import sqlite3
from contextlib import suppress
from datetime import datetime

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from redis.asyncio import Redis

from devstack.effects import uploading_teacher
from devstack.effects.world import update_row
from devstack.emulators.control import is_local
from devstack.emulators.database import SeededDatabase, database
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.responses import PlainError, answer_500_for
from devstack.notifications import publish
from devstack.scenario import DemoScenario, ScenarioMove, notifications_of
from devstack.seed.store import columns_of, insert_rows, sql_value, write_orchestration

SCENARIO_PATH = "/_devstack/scenario"
MAX_STEPS = 500
_MAX_BODY_BYTES = 1024
log = logging.getLogger(__name__)


class ScenarioRunner:
    """`redis` carries the notifications; they are lost while it is away, as on the platform."""

    def __init__(
        self, scenario: DemoScenario, database: SeededDatabase, cache: StatusCache, redis: Redis
    ) -> None:
        self._scenario = scenario
        self._database = database
        self._cache = cache
        self._redis = redis
        self._lock = asyncio.Lock()

    async def step(self) -> dict[str, object]:
        """Move one batch in every service, clear RAS's cached lists and notify the teacher.

        Raises:
            sqlite3.Error: The database is missing or locked; nothing has moved.
        """
        async with self._lock:
            move = await self._database.run(self._take_step)
            if move.clears_lists:
                await self._cache.delete_lists(move.batch.user_id)
            published = await publish(self._redis, notifications_of(move))
        return {
            "step": move.step,
            "move": move.name,
            "batch_id": move.batch.batch_id,
            "user_id": move.batch.user_id,
            "notifications": published,
        }

    async def run(self, pace_seconds: float) -> None:
        """Let a teacher upload, and take a step every `pace_seconds` until cancelled."""
        with suppress(sqlite3.Error):
            await self._database.run(uploading_teacher.begin)
        while True:
            await asyncio.sleep(pace_seconds)
            try:
                await self.step()
            except sqlite3.Error as error:
                log.warning("The scenario missed a step: %s", error)

    def _take_step(self, connection: sqlite3.Connection) -> ScenarioMove:
        base = connection.execute("SELECT base_date FROM seed").fetchone()[0]
        move = self._scenario.move(last_step(connection) + 1, datetime.fromisoformat(base))
        batch = move.batch
        connection.execute("REPLACE INTO scenario VALUES (1, ?)", (move.step,))
        _update(connection, "batches", "batch_id", batch)
        for essay in batch.essays:
            _update(connection, "essays", "essay_id", essay)
        write_orchestration(connection, batch)
        _write_suggestions(connection, move)
        return move


def create_routes(runner: ScenarioRunner, pace_seconds: float | None) -> Blueprint:
    """Routes for the same machine only; `pace_seconds` is None without a pace."""
    routes = Blueprint("scenario", __name__)
    answer_500_for(routes, sqlite3.Error)

    @routes.before_request
    async def refuse_other_machines() -> None:
        if not is_local(request.scope):
            raise PlainError("local only", 403)

    @routes.get(SCENARIO_PATH)
    async def show_step() -> ResponseReturnValue:
        return jsonify({"step": await database().run(last_step), "pace_seconds": pace_seconds})

    @routes.post(SCENARIO_PATH)
    async def take_steps() -> ResponseReturnValue:
        """`{"steps": 3}`, or no body for one; answers each step's move in order."""
        steps = _parse_steps(await request.body)
        moves = [await runner.step() for _ in range(steps)]
        return jsonify({"step": moves[-1]["step"], "moves": moves})

    return routes


def _parse_steps(content: bytes) -> int:
    try:
        steps = json.loads(content or b"{}").get("steps", 1)
    except (ValueError, AttributeError, RecursionError):
        steps = None
    if type(steps) is int and 1 <= steps <= MAX_STEPS and len(content) <= _MAX_BODY_BYTES:
        return steps
    raise PlainError(f'The body is JSON: {{"steps": 1}}, {MAX_STEPS} at most.')


def last_step(connection: sqlite3.Connection) -> int:
    """The number of steps that the data has seen; 0 as seeded."""
    row = connection.execute("SELECT step FROM scenario").fetchone()
    return 0 if row is None else int(row["step"])


def _write_suggestions(connection: sqlite3.Connection, move: ScenarioMove) -> None:
    """Leave out the pupils who are no longer in the class."""
    batch = move.batch
    connection.execute("DELETE FROM associations WHERE batch_id = ?", (batch.batch_id,))
    query = "SELECT student_id FROM class_members WHERE class_id = ?"
    members = {row["student_id"] for row in connection.execute(query, (batch.class_id,))}
    rows = [row for row in move.suggestions if row.student_id in members]
    insert_rows(connection, "associations", rows)


def _update(connection: sqlite3.Connection, table: str, key: str, value: object) -> None:
    row = {name: sql_value(getattr(value, name)) for name in columns_of(connection, table)}
    update_row(connection, table, key, str(row[key]), row)
