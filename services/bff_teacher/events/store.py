"""Facts and rejected messages in the ledger's database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Delete, Row, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.confirmations.database import LedgerDatabase, share_of_reads
from services.bff_teacher.confirmations.tables import creations, facts, rejects
from services.bff_teacher.events.model import BatchEvents, Fact, FactKey, FactKind, merge_all
from services.bff_teacher.events.summary import events_of

SHARE = "events"
"""The share of the database that the consumer has, beside the teachers' own."""
SHARE_OF_SCREENS = "events of screens"
"""The share for what screens of many users read at once, beside that of records."""
FACTS_AT_A_TIME = 1000
MAX_REJECTS = 1000
MAX_BATCHES = 500
_COUNTED = (FactKind.ESSAY_PLACED.value, FactKind.FILE_REJECTED.value)
_KEY = ("batch_id", "kind", "item")
_WANTED = facts.c.batch_id.in_(bindparam("batch_ids", expanding=True))
_KNOWN = select(facts).where(_WANTED, facts.c.kind.not_in([*_COUNTED, FactKind.GRADED.value]))
_NUMBERS = (
    select(facts.c.batch_id, facts.c.kind, func.count().label("number"))
    .where(_WANTED, facts.c.kind.in_(_COUNTED))
    .group_by(facts.c.batch_id, facts.c.kind)
)

_decode = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


@dataclass(frozen=True, slots=True)
class Reject:
    """A message that can never be read: its coordinates and size, and nothing of its content."""

    topic: str
    partition: int
    offset: int
    reason: str
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """Facts that were not known before, and the owners of their batches, as far as they are known."""

    changed: Sequence[Fact]
    owners: Mapping[str, UserId]


class SqlEventFacts:
    """Every method raises Unavailable when the database cannot be used."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    async def write(self, arrived: Sequence[Fact]) -> Written:
        """Keep of the arrived facts and those that are kept what the rule says."""
        remaining = merge_all(arrived)
        # Always in the same order, so that two replicas cannot wait for each other.
        keys, changed, owners = sorted(remaining), list[Fact](), dict[str, UserId]()
        for start in range(0, len(keys), FACTS_AT_A_TIME):
            some = [remaining[key] for key in keys[start : start + FACTS_AT_A_TIME]]
            async with self._database.transaction(SHARE) as connection:
                found = await _upsert(connection, some)
                batch_ids = {batch_id for batch_id, _, _ in found}
                owners |= await _owners(connection, batch_ids)
            changed += [remaining[key] for key in found]
        return Written(changed, owners)

    async def owners(self, batch_ids: Collection[str]) -> dict[str, UserId]:
        """The owners of batches, as far as they are known; ids in lower case."""
        async with self._database.transaction(SHARE) as connection:
            return await _owners(connection, batch_ids)

    async def reject(self, refused: Sequence[Reject], at: datetime) -> None:
        """Keep the latest `MAX_REJECTS`; one that comes again is kept once."""
        rows = [
            {
                "topic": one.topic,
                "partition": one.partition,
                "offset": str(one.offset),
                "reason": one.reason,
                "size": one.size,
                "rejected_at": to_wire(at),
            }
            for one in refused
        ]
        async with self._database.transaction(SHARE) as connection:
            insert = _inserting(connection)(rejects).on_conflict_do_nothing()
            await connection.execute(insert, rows)
            await connection.execute(_superfluous())

    async def count_rejects(self) -> int:
        (rows,) = await self._database.read(SHARE, select(func.count()).select_from(rejects))
        return int(rows[0][0])

    async def prune(self, before: datetime) -> int:
        """Delete facts that are older; their number."""
        old = delete(facts).where(facts.c.at < to_wire(before))
        async with self._database.transaction(SHARE) as connection:
            return (await connection.execute(old)).rowcount

    async def clear(self) -> None:
        """Delete all facts and rejects."""
        async with self._database.transaction(SHARE) as connection:
            await connection.execute(delete(facts))
            await connection.execute(delete(rejects))

    async def of_batches(
        self, batch_ids: Collection[str], share: str = SHARE_OF_SCREENS
    ) -> dict[str, BatchEvents]:
        """What is known of batches, by id in lower case; those without facts are absent."""
        rows, counted = await self._database.read(
            share, _KNOWN, _NUMBERS, batch_ids=sorted(batch_ids)[:MAX_BATCHES]
        )
        by_batch: dict[str, list[Fact]] = {row.batch_id: [] for row in [*rows, *counted]}
        for row in rows:
            by_batch[row.batch_id].append(_fact(row))
        counts = {(row.batch_id, row.kind): int(row.number) for row in counted}
        placed, rejected = _COUNTED
        return {
            batch_id: replace(
                events_of(its_facts),
                placed=counts.get((batch_id, placed), 0),
                rejected=counts.get((batch_id, rejected), 0),
            )
            for batch_id, its_facts in by_batch.items()
        }

    async def grades(self, batch_id: str, caller: UserId) -> list[Fact]:
        """The grades of a batch's essays, of every comparison; the id in lower case."""
        return await self._facts_where(
            share_of_reads(caller),
            facts.c.batch_id == batch_id,
            facts.c.kind == FactKind.GRADED.value,
        )

    async def all_facts(self) -> list[Fact]:
        """Every fact, for tests and for a look at a small database."""
        return await self._facts_where(SHARE)

    async def _facts_where(self, share: str, *conditions: ColumnElement[bool]) -> list[Fact]:
        (rows,) = await self._database.read(share, select(facts).where(*conditions))
        return [_fact(row) for row in rows]


async def _upsert(connection: AsyncConnection, arrived: Sequence[Fact]) -> list[FactKey]:
    """Write facts with different keys; the keys of those that remain and were not known."""
    insert = _inserting(connection)(facts)
    new = insert.excluded
    values = {name: new[name] for name in ("at", "data", "source_topic", "precedence")}
    upsert = insert.on_conflict_do_update(
        index_elements=_KEY, set_=values, where=facts.c.precedence < new.precedence
    ).returning(facts.c.batch_id, facts.c.kind, facts.c.item)
    found = await connection.execute(upsert, [_row(fact) for fact in arrived])
    return [(batch_id, kind, item) for batch_id, kind, item in found]


async def _owners(connection: AsyncConnection, batch_ids: Collection[str]) -> dict[str, UserId]:
    """By the registration; of a batch that was created here, by the ledger."""
    if not batch_ids:
        return {}
    registrations = select(facts.c.batch_id, facts.c.data).where(
        facts.c.batch_id.in_(batch_ids), facts.c.kind == FactKind.REGISTERED.value
    )
    made = select(creations.c.batch_id, creations.c.user_id).where(
        creations.c.batch_id.in_(batch_ids), creations.c.outcome == CreationOutcome.CREATED.value
    )
    owners = {batch_id: UserId(user_id) for batch_id, user_id in await connection.execute(made)}
    for batch_id, data in await connection.execute(registrations):
        owners[batch_id] = UserId(str(_decode(data)["owner"]))
    return owners


def _superfluous() -> Delete:
    key = tuple_(rejects.c.topic, rejects.c.partition, rejects.c.offset)
    order = (rejects.c.rejected_at.desc(), rejects.c.topic, rejects.c.partition, rejects.c.offset)
    latest = select(rejects.c.topic, rejects.c.partition, rejects.c.offset).order_by(*order)
    return delete(rejects).where(key.not_in(latest.limit(MAX_REJECTS)))


def _inserting(
    connection: AsyncConnection,
) -> type[sqlite.Insert] | type[postgresql.Insert]:
    """The `INSERT` of the dialect, as only a dialect's knows conflicts."""
    return sqlite.Insert if connection.dialect.name == "sqlite" else postgresql.Insert


def _row(fact: Fact) -> dict[str, object]:
    return {
        "batch_id": fact.batch_id,
        "kind": fact.kind.value,
        "item": fact.item,
        "at": to_wire(fact.at),
        "data": fact.text,
        "source_topic": fact.topic,
        "precedence": fact.precedence,
    }


def _fact(row: Row[tuple[object, ...]]) -> Fact:
    at = datetime.fromisoformat(row.at)
    return Fact(row.batch_id, FactKind(row.kind), at, row.source_topic, _decode(row.data), row.item)
