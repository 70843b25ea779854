"""Records in the own database: titles of batches, and before a batch has begun, what was done here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.confirmations.database import LedgerDatabase, share_of_reads
from services.bff_teacher.confirmations.model import ConfirmOutcome
from services.bff_teacher.confirmations.tables import attempts, creations, titles, uploads
from services.bff_teacher.confirmations.upload import BatchRecord, KnownRecords, UploadStatus
from services.bff_teacher.ports import BatchTitle
from services.bff_teacher.shared_reads import GroupedReads, RecentReads

MAX_AGE = 2.0
"""Seconds for which records are kept, as pages of RAS are."""
SHARE_OF_SCREENS = "records of screens"
"""The share of the database for what screens of many users read at once."""

# A removed file keeps its place, if it had one.
_SURE = (UploadStatus.SENT, UploadStatus.ACCEPTED, UploadStatus.REMOVED)
_POSSIBLE = (*_SURE, UploadStatus.SENDING, UploadStatus.UNKNOWN)


def _number(statuses: Sequence[UploadStatus]) -> ColumnElement[int]:
    words = [one.value for one in statuses]
    counted = uploads.c.status.in_(words) & uploads.c.reason.is_(None)
    return func.sum(case((counted, 1), else_=0))


_NO_TEXT, _NO_NUMBER = cast(null(), Text), cast(null(), Integer)


def _rows(kind: str, table: Table, **columns: ColumnElement[Any]) -> Select[Any]:
    """Rows of one kind; all kinds have the same columns, so that one query reads them."""
    texts, numbers = ("user_id", "text", "class_id", "at"), ("number", "sure_number")
    return select(
        literal_column(f"'{kind}'").label("kind"),
        table.c.batch_id,
        *(columns.get(name, _NO_TEXT).label(name) for name in texts),
        *(columns.get(name, _NO_NUMBER).label(name) for name in numbers),
    ).where(table.c.batch_id.in_(bindparam("batch_ids", expanding=True)))


_RECORDS = union_all(
    _rows(
        "title",
        titles,
        text=titles.c.title,
        number=titles.c.version,
        at=titles.c.updated_at,
    ),
    _rows(
        "creation",
        creations,
        user_id=creations.c.user_id,
        text=creations.c.class_name,
        class_id=creations.c.class_id,
        number=creations.c.essay_count,
    ).where(creations.c.outcome == CreationOutcome.CREATED.value),
    _rows("files", uploads, number=_number(_POSSIBLE), sure_number=_number(_SURE)).group_by(
        uploads.c.batch_id
    ),
    _rows("confirmation", attempts, at=func.max(attempts.c.ended_at))
    .where(attempts.c.outcome == ConfirmOutcome.CONFIRMED.value)
    .group_by(attempts.c.batch_id),
)

_Kinds = dict[str, Row[Any]]
"""The rows of a batch by kind, at most one of each."""


class SqlBatchRecords:
    """One read serves all that a teacher looks at; one that failed is kept as well."""

    def __init__(self, database: LedgerDatabase, clock: Clock) -> None:
        self._database = database
        self._recent = RecentReads[KnownRecords](clock, max_age=MAX_AGE, keep_failures=True)
        self._grouped = GroupedReads(self._read)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[KnownRecords]:
        wanted = frozenset(one.lower() for one in batch_ids)
        if not wanted:
            return Fetched(KnownRecords())
        if fresh:
            rows = await self._read(wanted, share_of_reads(ctx.user_id))
            return Fetched(_known(rows, ctx.user_id))
        return await self._recent.get(ctx, wanted, lambda: self._of_user(ctx.user_id, wanted))

    def forget(self, user_id: UserId | None) -> None:
        self._recent.forget(user_id)

    async def aclose(self) -> None:
        await self._recent.aclose()
        await self._grouped.aclose()

    async def _of_user(self, caller: UserId, wanted: frozenset[str]) -> KnownRecords:
        return _known(await self._grouped.get(wanted), caller)

    async def _read(
        self, batch_ids: Collection[str], share: str = SHARE_OF_SCREENS
    ) -> dict[str, _Kinds]:
        (rows,) = await self._database.read(share, _RECORDS, batch_ids=list(batch_ids))
        found: dict[str, _Kinds] = {}
        for row in rows:
            found.setdefault(row.batch_id, {})[row.kind] = row
        return found


def _known(found: Mapping[str, _Kinds], caller: UserId) -> KnownRecords:
    records, confirmed, known_titles = {}, {}, {}
    for batch_id, kinds in found.items():
        if record := _record(kinds, caller):
            records[batch_id] = record
        if confirmation := kinds.get("confirmation"):
            confirmed[batch_id] = datetime.fromisoformat(confirmation.at)
        if title := kinds.get("title"):
            at = datetime.fromisoformat(title.at)
            known_titles[batch_id] = BatchTitle(title.text, title.number, at)
    return KnownRecords(records, confirmed, known_titles)


def _record(kinds: _Kinds, caller: UserId) -> BatchRecord | None:
    files, made = kinds.get("files"), kinds.get("creation")
    if made and made.user_id != caller:
        made = None
    if not made and not files:
        return None
    return BatchRecord(
        is_ours=made is not None,
        expected=made.number if made else 0,
        class_id=made.class_id if made else None,
        class_name=made.text if made else None,
        files=files.number if files else 0,
        sure_files=files.sure_number if files else 0,
    )
