"""Jobs that kill their own process before the n-th step of their database work.

`python -m tests.faults.identity_admin.crash_jobs` reads one JSON job a line and forks a child for
each, which takes milliseconds because the modules are imported already.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.invitation_repository import SqlInvitations
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.implementations.outbox_relay import (
    OutboxEvent,
    OutboxRelay,
    RedisStreamPublisher,
)
from services.identity_admin.models import DecisionAction
from tests.faults.identity_admin.decisions import decide, decide_handler_for, invitation_of
from tests.identity_databases import deadline_in

STREAM = "identity:events"
SURVIVED = 0
KILLED = -signal.SIGKILL
CHILD_SECONDS = 60


class Steps:
    """Counts steps, and kills the process before step number `kill_before`."""

    def __init__(self, kill_before: int) -> None:
        self._numbers = itertools.count(1)
        self._kill_before = kill_before

    def next(self, *_: object) -> None:
        if next(self._numbers) == self._kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def count_statements(self, engine: AsyncEngine) -> None:
        """Count a step before every statement and before the commit."""
        event.listen(engine.sync_engine, "before_cursor_execute", self.next)
        event.listen(engine.sync_engine, "commit", self.next)


class StepCountingPublisher:
    """Counts a step before the events are published, and one after it."""

    def __init__(self, inner: RedisStreamPublisher, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        self._steps.next()
        await self._inner.publish(events)
        self._steps.next()


async def run_decision(job: dict[str, Any]) -> None:
    async with counted_engine(job) as engine:
        templates = EmailTemplates(on_approval="welcome", on_denial="denied")
        handler = decide_handler_for(engine, templates)
        user_id, action = UUID(job["user_id"]), DecisionAction(job["action"])
        await decide(handler, user_id, action, job["version"], UUID(job["actor"]))


async def run_invitation(job: dict[str, Any]) -> None:
    async with counted_engine(job) as engine:
        wanted = invitation_of(UUID(job["user_id"]), UUID(job["actor"]))
        await SqlInvitations(engine).create(wanted, deadline_in())


@asynccontextmanager
async def counted_engine(job: dict[str, Any]) -> AsyncIterator[AsyncEngine]:
    """Engine whose statements are steps; there is one more step at the end."""
    engine = open_engine(job["database"])
    async with engine.connect() as connection:
        # Opening a connection executes statements that are no steps.
        await connection.rollback()
    steps = Steps(job["kill_before"])
    steps.count_statements(engine)
    yield engine
    steps.next()
    await engine.dispose()


async def run_relay(job: dict[str, Any]) -> None:
    engine = open_engine(job["database"])
    async with engine.connect() as connection:
        await connection.rollback()
    redis, steps = Redis.from_url(job["redis"]), Steps(job["kill_before"])
    steps.count_statements(engine)
    publisher = StepCountingPublisher(RedisStreamPublisher(redis, job["stream"], 100_000), steps)
    relay = OutboxRelay(engine, publisher, SystemClock())
    while await relay.publish_batch():
        pass
    await redis.aclose()
    await engine.dispose()


JOBS = {"decision": run_decision, "invitation": run_invitation, "relay": run_relay}


def run_child(job: dict[str, Any]) -> int:
    """Run a job in a forked child; return the exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        # Standard output is for statuses; the alarm ends a child that hangs.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.alarm(CHILD_SECONDS)
        status = 1
        try:
            asyncio.run(JOBS[job["kind"]](job))
            status = SURVIVED
        finally:
            # The child must not return into the parent's code.
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
