"""SIGKILL before each statement of a decision leaves all of its writes, or none.

100 rounds with FULL_NUMBERS=1, else 14, on each kind of database; every step is covered.
"""

import asyncio

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
    add_pending,
    add_session,
    an_admin,
    recorded_writes,
)

# Lock, read, eight writes, read, commit, and one step after it.
STEPS = 13
ROUNDS = 100 if FULL else STEPS + 2
NO_WRITES = RecordedWrites("pending", 1, 0, 0, 0)
ALL_WRITES = RecordedWrites("denied", 2, 1, 1, 2)


def denial(database: str, person: Account, admin: Account) -> dict[str, object]:
    return {
        "kind": "decision",
        "database": database,
        "user_id": str(person.user_id),
        "action": "deny",
        "version": 1,
        "actor": str(admin.user_id),
    }


async def test_killed_decision_is_whole_or_absent(
    engine: AsyncEngine, database: str, crash_runner: CrashRunner
) -> None:
    admin = an_admin()
    accounts = [Account() for _ in range(ROUNDS)]
    await add_approved(engine, admin)
    await add_pending(engine, *accounts)
    results: list[tuple[int, int, RecordedWrites]] = []

    for number, person in enumerate(accounts):
        step = number % (STEPS + 1) + 1
        status = crash_runner.run(**denial(database, person, admin), kill_before=step)
        results.append((step, status, await recorded_writes(engine, person.user_id)))

    for step, status, writes in results:
        assert status == (KILLED if step <= STEPS else SURVIVED)
        assert writes == (NO_WRITES if step < STEPS else ALL_WRITES), f"killed before step {step}"


async def test_account_of_a_killed_decision_is_not_locked(
    engine: AsyncEngine, database: str, crash_runner: CrashRunner
) -> None:
    admin, person = an_admin(), Account()
    await add_approved(engine, admin)
    await add_pending(engine, person)
    await add_session(engine, person.user_id)
    crash_runner.run(**denial(database, person, admin), kill_before=6)

    async with asyncio.timeout(10):
        outcome = await decide(
            decide_handler_for(engine), person.user_id, DecisionAction.APPROVE, 1, admin.user_id
        )

    assert (outcome.decision.status, outcome.decision.version) == ("approved", 2)
