"""Callers share the ledger's connections, of which there are few: SQLite and PostgreSQL alike."""

import asyncio
from contextlib import AsyncExitStack

from bff_core.context import UserId
from bff_core.errors import RateLimited
from services.bff_teacher.confirmations.database import LedgerDatabase
from tests.contract.test_confirmations import REAL, opened, threads_end_with_the_test, url

__all__ = ["threads_end_with_the_test", "url"]

GREEDY = UserId("greedy")


async def use(database: LedgerDatabase, caller: str, order: list[str]) -> None:
    async with database.transaction(caller):
        order.append(caller)


@REAL
async def test_callers_take_turns_at_the_connections(url: str) -> None:
    database, order = LedgerDatabase(url, timeout=20.0), list[str]()
    await database.ping()
    async with AsyncExitStack() as stack:
        # As many as there are: one of SQLite, four of PostgreSQL.
        for number in range(1 if "sqlite" in url else 4):
            await stack.enter_async_context(database.transaction(f"holder-{number}"))
        async with asyncio.TaskGroup() as group:
            for caller in [GREEDY] * 20 + ["anna", "erik"]:
                group.create_task(use(database, caller, order))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await stack.aclose()
    await database.aclose()

    assert sorted(order.index(caller) for caller in ("anna", "erik", GREEDY)) == [0, 1, 2]
    assert len(order) == 22


@REAL
async def test_more_attempts_of_one_caller_than_may_wait_are_429(url: str) -> None:
    async with opened(url) as ledger:
        await ledger.latest("b-1", GREEDY)
        tries = [asyncio.create_task(ledger.latest("b-1", GREEDY)) for _ in range(30)]
        other = asyncio.create_task(ledger.latest("b-1", UserId("another")))
        await asyncio.wait([*tries, other])

    refused = [one.exception() for one in tries if one.exception()]
    assert {type(one) for one in refused} == {RateLimited}
    # One at work and four that wait.
    assert len(tries) - len(refused) == 5
    assert other.result() is None
