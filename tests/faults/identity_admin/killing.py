"""Processes that end themselves by SIGKILL before the n-th step of their database work.

A child is forked from a process that has everything imported and no event loop yet, so that a
round costs milliseconds: `python -m tests.faults.identity_admin.killing` reads one JSON job a line.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.event_rows import Mails
from services.identity_admin.implementations.redis_stream import RedisStream
from services.identity_admin.implementations.relay import OutboxEvent, Relay
from services.identity_admin.standing import Action
from tests.faults.identity_admin.deciders import decide, deciding_over

STREAM = "identity:events"
SURVIVED = 0
KILLED = -signal.SIGKILL
CHILD_SECONDS = 60


class Steps:
    """Counts what is about to happen, and ends the process before step number `last`."""

    def __init__(self, last: int) -> None:
        self._numbers = itertools.count(1)
        self._last = last

    def next(self, *_: object) -> None:
        if next(self._numbers) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: AsyncEngine) -> None:
        """Before every statement, and before the commit."""
        event.listen(engine.sync_engine, "before_cursor_execute", self.next)
        event.listen(engine.sync_engine, "commit", self.next)


class WatchedSink:
    """A step before the events go out, and one when they are out and nobody knows yet."""

    def __init__(self, inner: RedisStream, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        self._steps.next()
        await self._inner.publish(events)
        self._steps.next()


async def run_decision(job: dict[str, Any]) -> None:
    engine = open_engine(job["database"])
    async with engine.connect() as connection:
        # Opening a connection has statements of its own.
        await connection.rollback()
    steps = Steps(job["kill_before"])
    steps.watch(engine)
    mails = Mails(on_approval="welcome", on_denial="denied")
    deciding = deciding_over(engine, mails)
    user_id, action = UUID(job["user_id"]), Action(job["action"])
    await decide(deciding, user_id, action, job["version"], UUID(job["actor"]))
    steps.next()
    await engine.dispose()


async def run_relay(job: dict[str, Any]) -> None:
    engine = open_engine(job["database"])
    async with engine.connect() as connection:
        await connection.rollback()
    redis, steps = Redis.from_url(job["redis"]), Steps(job["kill_before"])
    steps.watch(engine)
    sink = WatchedSink(RedisStream(redis, job["stream"], 100_000), steps)
    relay = Relay(engine, sink, SystemClock())
    while await relay.deliver():
        pass
    await redis.aclose()
    await engine.dispose()


JOBS = {"decision": run_decision, "relay": run_relay}


def run_child(job: dict[str, Any]) -> int:
    """Its exit status as subprocess spells it."""
    child = os.fork()
    if child == 0:
        # Standard output is for statuses; and whatever hangs is no reason to wait for ever.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.alarm(CHILD_SECONDS)
        status = 1
        try:
            asyncio.run(JOBS[job["kind"]](job))
            status = SURVIVED
        finally:
            # Never back into the parent's code.
            if status:
                traceback.print_exc()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    for line in sys.stdin:
        status = run_child(json.loads(line))
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
