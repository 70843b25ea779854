"""Two admins, one version, opposite decisions: one of them wins, and all that is written is theirs.

1,000 races with FULL_NUMBERS=1, else 100, on each kind of database.
"""

import asyncio
from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.errors import BffError
from services.identity_admin.approval import DecidedMeanwhile
from services.identity_admin.domain_handlers.deciding import Decided, Deciding
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.standing import Action
from tests.faults.identity_admin.deciders import decide, deciding_over
from tests.identity_databases import Account, admit, an_admin, register, scaled, traces_of

RACES = scaled(1000)
AT_ONCE = 5


async def attempt(
    deciding: Deciding, user_id: UUID, action: Action, actor: UUID
) -> Decided | BffError:
    try:
        return await decide(deciding, user_id, action, 1, actor)
    except BffError as error:
        return error


async def race(
    first: Deciding, second: Deciding, user_id: UUID, admins: tuple[UUID, UUID]
) -> tuple[Decided | BffError, Decided | BffError]:
    async with asyncio.TaskGroup() as group:
        one = group.create_task(attempt(first, user_id, Action.APPROVE, admins[0]))
        two = group.create_task(attempt(second, user_id, Action.DENY, admins[1]))
    return one.result(), two.result()


def assert_one_winner(outcomes: tuple[Decided | BffError, Decided | BffError]) -> str:
    """The winner's status; the loser is told who it was and when."""
    (winner,) = [one for one in outcomes if isinstance(one, Decided)]
    (loser,) = [one for one in outcomes if isinstance(one, BffError)]
    assert isinstance(loser, DecidedMeanwhile)
    current = loser.details["current"]
    assert isinstance(current, dict)
    assert current["status"] == winner.body.status
    assert current["decided_by"] == winner.body.decided_by
    assert current["decided_at"] is not None
    return winner.body.status


async def test_one_of_two_racing_admins_wins(engine: AsyncEngine, database: str) -> None:
    admins = an_admin(), an_admin()
    crowd = [Account() for _ in range(RACES)]
    await admit(engine, *admins)
    await register(engine, *crowd)
    # An engine each, as in two processes.
    other_engine = open_engine(database)
    deciders = deciding_over(engine), deciding_over(other_engine)
    ids = admins[0].user_id, admins[1].user_id

    async def run(persons: list[Account]) -> list[str]:
        return [assert_one_winner(await race(*deciders, one.user_id, ids)) for one in persons]

    async with asyncio.TaskGroup() as group:
        tracks = [group.create_task(run(crowd[start::AT_ONCE])) for start in range(AT_ONCE)]
    await other_engine.dispose()

    wins = Counter(status for track in tracks for status in track.result())
    assert wins.total() == RACES
    for one in crowd:
        traces = await traces_of(engine, one.user_id)
        assert (traces.version, traces.history, traces.audits, traces.events) == (2, 1, 1, 1)


async def test_same_decision_of_two_racing_admins_is_made_once(engine: AsyncEngine) -> None:
    person, admins = Account(), (an_admin(), an_admin())
    await admit(engine, *admins)
    await register(engine, person)
    deciding = deciding_over(engine)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(decide(deciding, person.user_id, Action.APPROVE, 1, one.user_id))
            for one in admins
        ]

    first, second = sorted((task.result() for task in tasks), key=lambda one: one.replayed)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.body == second.body
    assert (await traces_of(engine, person.user_id)).events == 1
