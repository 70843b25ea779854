"""Titles of batches in the ledger's database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from bff_core.clock import Clock, to_wire
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from services.bff_teacher.confirmations.database import LedgerDatabase, share_of_reads
from services.bff_teacher.confirmations.tables import titles
from services.bff_teacher.ports import BatchTitle, TitleByBatch
from services.bff_teacher.recent_reads import RecentReads

MAX_AGE = 2.0
"""Seconds for which titles are kept, as pages of RAS are."""
_TITLES = select(titles).where(titles.c.batch_id.in_(bindparam("batch_ids", expanding=True)))


class SqlTitles:
    def __init__(self, database: LedgerDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._recent = RecentReads[TitleByBatch](clock, max_age=MAX_AGE)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[TitleByBatch]:
        wanted = frozenset(one.lower() for one in batch_ids)
        if not wanted:
            return Fetched({})
        return await self._recent.get(ctx, wanted, lambda: self._read(ctx.user_id, wanted))

    async def current(self, ctx: RequestContext, batch_id: str) -> BatchTitle:
        self._database.require_share(ctx.user_id)
        found = await self._read(ctx.user_id, [batch_id.lower()], share=ctx.user_id)
        return found.get(batch_id.lower(), BatchTitle())

    async def replace(
        self, ctx: RequestContext, batch_id: str, text: str, *, version: int
    ) -> BatchTitle | None:
        now = self._clock.now()
        title = BatchTitle(text, version + 1, now)
        values = {
            "batch_id": batch_id.lower(),
            "user_id": ctx.user_id,
            "title": title.text,
            "version": title.version,
            "updated_at": to_wire(now),
        }
        change = (
            update(titles)
            .where(titles.c.batch_id == batch_id.lower(), titles.c.version == version)
            .values(values)
        )
        self._database.require_share(ctx.user_id)
        try:
            async with self._database.transaction(ctx.user_id) as connection:
                if version == 0:
                    await connection.execute(insert(titles).values(values))
                    return title
                changed = (await connection.execute(change)).rowcount
        except IntegrityError:
            return None
        return title if changed else None

    def forget(self, user_id: UserId | None) -> None:
        """Drop the reads of a user, or of all."""
        self._recent.forget(user_id)

    async def aclose(self) -> None:
        await self._recent.aclose()

    async def _read(
        self, user_id: UserId, batch_ids: Collection[str], *, share: str | None = None
    ) -> TitleByBatch:
        (rows,) = await self._database.read(
            share or share_of_reads(user_id), _TITLES, batch_ids=sorted(batch_ids)
        )
        return {row.batch_id: _title(row) for row in rows}


def _title(row: Row[Any]) -> BatchTitle:
    return BatchTitle(row.title, row.version, datetime.fromisoformat(row.updated_at))
