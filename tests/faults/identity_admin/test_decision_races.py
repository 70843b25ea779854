"""Opposite decisions of two admins on one version: one wins, and only its writes remain.

1,000 races with FULL_NUMBERS=1, else 100, on each kind of database.
"""

import asyncio
from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.errors import BffError
from services.identity_admin.approval import VersionMismatch
from services.identity_admin.domain_handlers.decide_handler import DecideHandler, DecisionOutcome
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.models import DecisionAction
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.identity_databases import (
    Account,
    add_approved,
    add_pending,
    an_admin,
    recorded_writes,
    scaled,
)

RACES = scaled(1000)
CONCURRENT_RACES = 5


async def attempt(
    handler: DecideHandler, user_id: UUID, action: DecisionAction, actor: UUID
) -> DecisionOutcome | BffError:
    try:
        return await decide(handler, user_id, action, 1, actor)
    except BffError as error:
        return error


async def race(
    first: DecideHandler, second: DecideHandler, user_id: UUID, admins: tuple[UUID, UUID]
) -> tuple[DecisionOutcome | BffError, DecisionOutcome | BffError]:
    async with asyncio.TaskGroup() as group:
        one = group.create_task(attempt(first, user_id, DecisionAction.APPROVE, admins[0]))
        two = group.create_task(attempt(second, user_id, DecisionAction.DENY, admins[1]))
    return one.result(), two.result()


def assert_one_winner(
    outcomes: tuple[DecisionOutcome | BffError, DecisionOutcome | BffError],
) -> str:
    """Return the winner's status; the loser's error holds the winner's decision."""
    (winner,) = [one for one in outcomes if isinstance(one, DecisionOutcome)]
    (loser,) = [one for one in outcomes if isinstance(one, BffError)]
    assert isinstance(loser, VersionMismatch)
    current = loser.details["current"]
    assert isinstance(current, dict)
    assert current["status"] == winner.decision.status
    assert current["decided_by"] == winner.decision.decided_by
    assert current["decided_at"] is not None
    return winner.decision.status


async def test_one_of_two_racing_admins_wins(engine: AsyncEngine, database: str) -> None:
    admins = an_admin(), an_admin()
    accounts = [Account() for _ in range(RACES)]
    await add_approved(engine, *admins)
    await add_pending(engine, *accounts)
    # One engine each, as in two processes.
    other_engine = open_engine(database)
    handlers = decide_handler_for(engine), decide_handler_for(other_engine)
    ids = admins[0].user_id, admins[1].user_id

    async def run_races(accounts: list[Account]) -> list[str]:
        return [assert_one_winner(await race(*handlers, one.user_id, ids)) for one in accounts]

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(run_races(accounts[start::CONCURRENT_RACES]))
            for start in range(CONCURRENT_RACES)
        ]
    await other_engine.dispose()

    wins = Counter(status for task in tasks for status in task.result())
    assert wins.total() == RACES
    for one in accounts:
        writes = await recorded_writes(engine, one.user_id)
        assert (writes.version, writes.history, writes.audits, writes.events) == (2, 1, 1, 1)


async def test_same_decision_of_two_racing_admins_is_made_once(engine: AsyncEngine) -> None:
    person, admins = Account(), (an_admin(), an_admin())
    await add_approved(engine, *admins)
    await add_pending(engine, person)
    handler = decide_handler_for(engine)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                decide(handler, person.user_id, DecisionAction.APPROVE, 1, admin.user_id)
            )
            for admin in admins
        ]

    first, second = sorted((task.result() for task in tasks), key=lambda one: one.replayed)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.decision == second.decision
    assert (await recorded_writes(engine, person.user_id)).events == 1
