"""Titles of batches in the ledger's database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from bff_core.clock import Clock, to_wire
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.tables import titles
from services.bff_teacher.confirmations.upload import BatchRecords
from services.bff_teacher.ports import BatchTitle, TitleByBatch

_TITLE = select(titles).where(titles.c.batch_id == bindparam("batch_id"))


class SqlTitles:
    """Those of a page come with its records, in one read."""

    def __init__(self, database: LedgerDatabase, records: BatchRecords, clock: Clock) -> None:
        self._database = database
        self._records = records
        self._clock = clock

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[TitleByBatch]:
        found = await self._records.of_batches(ctx, batch_ids)
        return found.holding(found.value.titles)

    async def current(self, ctx: RequestContext, batch_id: str) -> BatchTitle:
        self._database.require_share(ctx.user_id)
        (rows,) = await self._database.read(ctx.user_id, _TITLE, batch_id=batch_id.lower())
        if not rows:
            return BatchTitle()
        at = datetime.fromisoformat(rows[0].updated_at)
        return BatchTitle(rows[0].title, rows[0].version, at)

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
