"""kill -9 before every statement of a decision: all of it is there afterwards, or nothing.

100 rounds with FULL_NUMBERS=1, else 14, on each kind of database; every step has its turn.
"""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from services.identity_admin.standing import Action
from tests.faults.identity_admin.butcher import Butcher
from tests.faults.identity_admin.deciders import decide, deciding_over
from tests.faults.identity_admin.killing import KILLED, SURVIVED
from tests.identity_databases import (
    FULL,
    Account,
    Traces,
    admit,
    an_admin,
    put_session,
    register,
    traces_of,
)

# Lock, read, five writes, two of them for a denial's sessions, read, commit, and one after it.
STEPS = 12
ROUNDS = 100 if FULL else STEPS + 2
NOTHING = Traces("pending", 1, 0, 0, 0)
EVERYTHING = Traces("denied", 2, 1, 1, 2)


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
    engine: AsyncEngine, database: str, kills: Butcher
) -> None:
    admin = an_admin()
    crowd = [Account() for _ in range(ROUNDS)]
    await admit(engine, admin)
    await register(engine, *crowd)
    found: list[tuple[int, int, Traces]] = []

    for number, person in enumerate(crowd):
        step = number % (STEPS + 1) + 1
        status = kills.run(**denial(database, person, admin), kill_before=step)
        found.append((step, status, await traces_of(engine, person.user_id)))

    for step, status, traces in found:
        assert status == (KILLED if step <= STEPS else SURVIVED)
        assert traces == (NOTHING if step < STEPS else EVERYTHING), f"killed before step {step}"


async def test_person_of_a_killed_decision_can_be_decided_on_at_once(
    engine: AsyncEngine, database: str, kills: Butcher
) -> None:
    admin, person = an_admin(), Account()
    await admit(engine, admin)
    await register(engine, person)
    await put_session(engine, person.user_id)
    kills.run(**denial(database, person, admin), kill_before=6)

    async with asyncio.timeout(10):
        decided = await decide(
            deciding_over(engine), person.user_id, Action.APPROVE, 1, admin.user_id
        )

    assert (decided.body.status, decided.body.version) == ("approved", 2)
