"""Records in the own database of batches that have not begun: creations, files, confirmations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, func, select

from bff_core.clock import Clock
from bff_core.context import RequestContext, UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.confirmations.database import LedgerDatabase, share_of_reads
from services.bff_teacher.confirmations.model import ConfirmOutcome
from services.bff_teacher.confirmations.tables import attempts, creations, uploads
from services.bff_teacher.confirmations.upload import BatchRecord, KnownRecords, UploadStatus
from services.bff_teacher.recent_reads import RecentReads

MAX_AGE = 2.0
"""Seconds for which records are kept, as titles are."""

# A removed file keeps its place, if it had one.
_SURE = (UploadStatus.SENT, UploadStatus.ACCEPTED, UploadStatus.REMOVED)
_POSSIBLE = (*_SURE, UploadStatus.SENDING, UploadStatus.UNKNOWN)


def _number(statuses: Sequence[UploadStatus]) -> ColumnElement[int]:
    words = [one.value for one in statuses]
    counted = uploads.c.status.in_(words) & uploads.c.reason.is_(None)
    return func.sum(case((counted, 1), else_=0))


_BATCHES: BindParameter[str] = bindparam("batch_ids", expanding=True)
_CREATED = select(creations).where(
    creations.c.batch_id.in_(_BATCHES),
    creations.c.user_id == bindparam("user_id"),
    creations.c.outcome == CreationOutcome.CREATED.value,
)
_FILES = (
    select(
        uploads.c.batch_id,
        _number(_POSSIBLE).label("files"),
        _number(_SURE).label("sure_files"),
    )
    .where(uploads.c.batch_id.in_(_BATCHES))
    .group_by(uploads.c.batch_id)
)
_CONFIRMED = (
    select(attempts.c.batch_id, func.max(attempts.c.ended_at).label("at"))
    .where(attempts.c.batch_id.in_(_BATCHES))
    .where(attempts.c.outcome == ConfirmOutcome.CONFIRMED.value)
    .group_by(attempts.c.batch_id)
)


class SqlBatchRecords:
    """One read serves all that a teacher looks at; one that failed is kept as well."""

    def __init__(self, database: LedgerDatabase, clock: Clock) -> None:
        self._database = database
        self._recent = RecentReads[KnownRecords | None](clock, max_age=MAX_AGE)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> KnownRecords:
        wanted = frozenset(one.lower() for one in batch_ids)
        if not wanted:
            return KnownRecords()
        if fresh:
            return await self._read(ctx.user_id, wanted)
        found = await self._recent.get(ctx, wanted, lambda: self._try(ctx.user_id, wanted))
        if found.value is None:
            raise Unavailable(details={"reason": "ledger_unavailable"})
        return found.value

    def forget(self, user_id: UserId | None) -> None:
        self._recent.forget(user_id)

    async def aclose(self) -> None:
        await self._recent.aclose()

    async def _try(self, caller: UserId, wanted: frozenset[str]) -> KnownRecords | None:
        try:
            return await self._read(caller, wanted)
        except Unavailable:
            return None

    async def _read(self, caller: UserId, wanted: frozenset[str]) -> KnownRecords:
        made, counted, confirmed = await self._database.read(
            share_of_reads(caller),
            _CREATED,
            _FILES,
            _CONFIRMED,
            batch_ids=sorted(wanted),
            user_id=caller,
        )
        ours = {row.batch_id: row for row in made}
        counts = {row.batch_id: row for row in counted}
        records = {
            batch_id: BatchRecord(
                is_ours=batch_id in ours,
                expected=ours[batch_id].essay_count if batch_id in ours else 0,
                class_id=ours[batch_id].class_id if batch_id in ours else None,
                class_name=ours[batch_id].class_name if batch_id in ours else None,
                files=counts[batch_id].files if batch_id in counts else 0,
                sure_files=counts[batch_id].sure_files if batch_id in counts else 0,
            )
            for batch_id in ours.keys() | counts.keys()
        }
        times = {row.batch_id: datetime.fromisoformat(row.at) for row in confirmed}
        return KnownRecords(records, times)
