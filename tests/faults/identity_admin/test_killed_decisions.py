"""SIGKILL before each statement of a write leaves all of it, or nothing.

Every step once, seven times with FULL_NUMBERS=1, for each kind of write and of database.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.identity_admin.models import DecisionAction
from tests.faults.identity_admin.crash_jobs import KILLED, SURVIVED
from tests.faults.identity_admin.crash_runner import CrashRunner
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.identity_databases import (
    FULL,
    Account,
    RecordedWrites,
    add_approved,
    add_deactivated,
    add_pending,
    add_session,
    an_admin,
    recorded_writes,
)

REPEATS = 7 if FULL else 1
# Lock, write and commit are steps of all of them.
FEWEST_STEPS = 8


async def add_nothing(engine: AsyncEngine, *accounts: Account) -> None:
    """An invitation makes its account."""


@dataclass(frozen=True, slots=True)
class Write:
    """A kind of write, and what it leaves behind; a denial asks for a mail, too."""

    add_account: Callable[..., Awaitable[None]]
    nothing: RecordedWrites
    everything: RecordedWrites


WRITES = {
    "deny": Write(
        add_pending, RecordedWrites("pending", 1, 0, 0, 0), RecordedWrites("denied", 2, 1, 1, 2)
    ),
    "deactivate": Write(
        add_approved,
        RecordedWrites("approved", 1, 0, 0, 0),
        RecordedWrites("deactivated", 2, 1, 1, 1),
    ),
    "reactivate": Write(
        add_deactivated,
        RecordedWrites("deactivated", 1, 0, 0, 0),
        RecordedWrites("approved", 2, 1, 1, 1),
    ),
    "invite": Write(
        add_nothing, RecordedWrites("absent", 0, 0, 0, 0), RecordedWrites("approved", 2, 1, 1, 2)
    ),
}


def job(action: str, database: str, person: Account, admin: Account) -> dict[str, object]:
    return {
        "kind": "invitation" if action == "invite" else "decision",
        "database": database,
        "user_id": str(person.user_id),
        "action": action,
        "version": 1,
        "actor": str(admin.user_id),
    }


@pytest.mark.parametrize("action", WRITES)
async def test_killed_write_is_whole_or_absent(
    engine: AsyncEngine, database: str, crash_runner: CrashRunner, action: str
) -> None:
    admin, write = an_admin(), WRITES[action]
    await add_approved(engine, admin)

    for _ in range(REPEATS):
        found: list[RecordedWrites] = []
        status = KILLED
        while status == KILLED:
            person = Account()
            await write.add_account(engine, person)
            step = len(found) + 1
            wanted = job(action, database, person, admin)
            status = crash_runner.run(**wanted, kill_before=step)
            found.append(await recorded_writes(engine, person.user_id))

        assert status == SURVIVED
        assert len(found) > FEWEST_STEPS
        # Killed after the commit, and not at all.
        assert found[-2:] == [write.everything] * 2
        assert found[:-2] == [write.nothing] * (len(found) - 2)


@pytest.mark.parametrize("action", WRITES)
async def test_killed_write_locks_nothing_and_is_made_once_by_a_repeat(
    engine: AsyncEngine, database: str, crash_runner: CrashRunner, action: str
) -> None:
    admin, person, write = an_admin(), Account(), WRITES[action]
    await add_approved(engine, admin)
    await write.add_account(engine, person)
    wanted = job(action, database, person, admin)

    crash_runner.run(**wanted, kill_before=6)
    statuses = [crash_runner.run(**wanted, kill_before=1000) for _ in range(2)]

    assert statuses == [SURVIVED, SURVIVED]
    assert await recorded_writes(engine, person.user_id) == write.everything


async def test_account_of_a_killed_decision_can_be_decided_otherwise(
    engine: AsyncEngine, database: str, crash_runner: CrashRunner
) -> None:
    admin, person = an_admin(), Account()
    await add_approved(engine, admin)
    await add_pending(engine, person)
    await add_session(engine, person.user_id)
    crash_runner.run(**job("deny", database, person, admin), kill_before=6)

    async with asyncio.timeout(10):
        outcome = await decide(
            decide_handler_for(engine), person.user_id, DecisionAction.APPROVE, 1, admin.user_id
        )

    assert (outcome.decision.status, outcome.decision.version) == ("approved", 2)
