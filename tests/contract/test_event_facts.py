"""Contract of the store of events' facts: SQLite and PostgreSQL behave alike, and as the model."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bff_core.context import UserId
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.events.model import Fact, FactKind, merge_all
from services.bff_teacher.events.store import MAX_REJECTS, Reject, SqlEventFacts
from services.bff_teacher.events.summary import events_of
from tests.contract.test_confirmations import KINDS, postgres, threads_end_with_the_test
from tests.event_bodies import AT, TEACHER

__all__ = ["threads_end_with_the_test"]

CALLER = UserId(TEACHER)


@pytest.fixture(params=KINDS[1:])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return postgres(request)
    return f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
async def store(address: str) -> AsyncIterator[SqlEventFacts]:
    async with aclosing(LedgerDatabase(address, timeout=20.0)) as database:
        store = SqlEventFacts(database)
        await store.clear()
        yield store


def a_fact(
    batch_id: str,
    kind: FactKind = FactKind.READY,
    *,
    seconds: int = 0,
    item: str = "",
    **data: object,
) -> Fact:
    at = AT + timedelta(seconds=seconds)
    return Fact(batch_id, kind, at, "a topic", data, item)  # type: ignore[arg-type]


def an_id() -> str:
    return str(uuid.uuid4())


def registration(batch: str) -> Fact:
    return a_fact(batch, FactKind.REGISTERED, owner=TEACHER, expected=2, has_class=False)


def random_facts(number: int) -> list[Fact]:
    chance = random.Random(number)
    batches = [an_id() for _ in range(5)]
    return [
        replace(
            a_fact(
                chance.choice(batches),
                chance.choice([FactKind.READY, FactKind.GRADED, FactKind.START_DENIED]),
                seconds=chance.randrange(9),
                item=chance.choice(["", "x", "y"]),
            ),
            data={"number": chance.randrange(3)},
        )
        for _ in range(number)
    ]


async def test_a_fact_comes_back_as_it_was_written(store: SqlEventFacts) -> None:
    batch = an_id()
    fact = a_fact(batch, FactKind.GRADED, item=an_id(), letter="C+", confidence=0.71, label=None)

    written = await store.write([registration(batch), fact])

    assert set(map(repr, written.changed)) == {repr(registration(batch)), repr(fact)}
    assert written.owners == {batch: TEACHER}
    assert await store.grades(batch, CALLER) == [fact]


async def test_duplicates_change_nothing_and_better_facts_replace(store: SqlEventFacts) -> None:
    batch = an_id()
    late, early = a_fact(batch, seconds=9), a_fact(batch, seconds=1)

    await store.write([late])
    repeated = await store.write([late])
    better = await store.write([early])
    worse = await store.write([late])

    assert (repeated.changed, better.changed, worse.changed) == ([], [early], [])
    assert await store.all_facts() == [early]


async def test_any_order_with_duplicates_ends_as_the_model_says(store: SqlEventFacts) -> None:
    arrived = random_facts(300)
    again = arrived * 2
    random.Random(7).shuffle(again)

    for start in range(0, len(again), 37):
        await store.write(again[start : start + 37])

    found = {fact.key: fact for fact in await store.all_facts()}
    assert found == merge_all(arrived)


async def test_replicas_write_the_same_facts_at_once(address: str, store: SqlEventFacts) -> None:
    arrived = random_facts(200)
    async with aclosing(LedgerDatabase(address, timeout=20.0)) as other:
        await asyncio.wait(
            [
                asyncio.create_task(one.write(arrived[start:]))
                for start in range(0, 200, 20)
                for one in (store, SqlEventFacts(other))
            ]
        )

    assert {fact.key: fact for fact in await store.all_facts()} == merge_all(arrived)


async def test_essays_and_files_are_counted_and_grades_are_left_out(store: SqlEventFacts) -> None:
    batch = an_id()
    arrived = [
        registration(batch),
        *(a_fact(batch, FactKind.ESSAY_PLACED, item=an_id()) for _ in range(3)),
        a_fact(batch, FactKind.FILE_REJECTED, item=an_id()),
        a_fact(batch, FactKind.GRADED, item=an_id(), letter="A", confidence=1.0, label=None),
    ]

    await store.write(arrived)

    assert await store.of_batches([batch, an_id()]) == {batch: events_of(arrived)}


async def test_a_batch_with_counted_facts_alone_is_known(store: SqlEventFacts) -> None:
    batch = an_id()

    await store.write([a_fact(batch, FactKind.ESSAY_PLACED, item=an_id())])

    assert (await store.of_batches([batch]))[batch].placed == 1


async def test_old_facts_are_deleted(store: SqlEventFacts) -> None:
    old, new = a_fact(an_id()), a_fact(an_id(), seconds=10)
    await store.write([old, new])

    assert await store.prune(AT + timedelta(seconds=5)) == 1
    assert await store.all_facts() == [new]


async def test_rejects_are_bounded_and_kept_once(store: SqlEventFacts) -> None:
    many = [Reject("a topic", 0, offset, "data", 12) for offset in range(MAX_REJECTS)]
    await store.reject(many, AT)
    await store.reject(many[:3], AT)

    await store.reject([Reject("a topic", 1, 0, "data", 12)], AT + timedelta(seconds=1))

    assert await store.count_rejects() == MAX_REJECTS
