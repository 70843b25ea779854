"""Records of files in a database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import to_wire
from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.database import LedgerDatabase, share_of_reads
from services.bff_teacher.confirmations.tables import uploads
from services.bff_teacher.confirmations.upload import FileOutcome, Upload, UploadStatus

_WITHOUT_OUTCOME = (UploadStatus.SENDING, UploadStatus.SENT, UploadStatus.UNKNOWN)
_ATTEMPTS = 5
KEPT = timedelta(days=400)
"""As long as the facts of events. Of files that were sent before, the essays in RAS remain."""
TIDIED_EVERY = timedelta(hours=1)
TIDIED_AT_ONCE = 500
TIDYING = "tidying of uploads"
"""The share of the database for what is too old."""

log = structlog.get_logger()


class SqlUploads:
    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database
        self._tidied_at: datetime | None = None

    async def add(self, uploads_to_add: Sequence[Upload]) -> None:
        if not uploads_to_add:
            return
        user_id = uploads_to_add[0].user_id
        rows = [
            {**_values(upload), "position": position}
            for position, upload in enumerate(uploads_to_add)
        ]
        self._database.require_share(user_id)
        await self._tidy_when_due(uploads_to_add[0].sent_at)
        async with self._database.transaction(user_id) as connection:
            await connection.execute(insert(uploads), rows)

    async def _tidy_when_due(self, now: datetime) -> None:
        """Delete some of what is too old, now and then: new rows alone make the table grow."""
        if self._tidied_at is not None and now < self._tidied_at + TIDIED_EVERY:
            return
        self._tidied_at = now
        old = select(uploads.c.upload_key).where(uploads.c.sent_at < to_wire(now - KEPT))
        try:
            (rows,) = await self._database.read(TIDYING, old.limit(TIDIED_AT_ONCE))
            keys = [row.upload_key for row in rows]
            if keys:
                async with self._database.transaction(TIDYING) as connection:
                    await connection.execute(delete(uploads).where(uploads.c.upload_key.in_(keys)))
        except Unavailable as error:
            log.info("upload_records_not_tidied", code=error.code)
            return
        if len(keys) == TIDIED_AT_ONCE:
            # The next upload deletes more.
            self._tidied_at = None

    async def end(
        self, ended: Sequence[Upload], status: UploadStatus, reason: str | None, at: datetime
    ) -> None:
        change = (
            update(uploads)
            .where(
                uploads.c.upload_key.in_([one.upload_key for one in ended]),
                uploads.c.status == UploadStatus.SENDING.value,
            )
            .values(status=status.value, reason=reason, updated_at=to_wire(at))
        )
        async with self._database.transaction(ended[0].user_id) as connection:
            await connection.execute(change)

    async def record(self, outcome: FileOutcome) -> None:
        for _ in range(_ATTEMPTS):
            async with self._database.transaction(share_of_reads(outcome.user_id)) as connection:
                if await _record(connection, outcome):
                    return

    async def of_batch(self, batch_id: str, caller: UserId) -> list[Upload]:
        query = (
            select(uploads)
            .where(uploads.c.batch_id == batch_id)
            .order_by(uploads.c.sent_at, uploads.c.position)
        )
        self._database.require_share(caller)
        (rows,) = await self._database.read(share_of_reads(caller), query)
        return [_upload(row) for row in rows]


async def _record(connection: AsyncConnection, outcome: FileOutcome) -> bool:
    """True when the outcome is written, or about no file of ours; False when another was faster."""
    own = (uploads.c.batch_id == outcome.batch_id) & (uploads.c.user_id == outcome.user_id)
    with_id = own & (uploads.c.file_upload_id == outcome.file_upload_id)
    known = (await connection.execute(select(uploads.c.status).where(with_id))).scalar()
    if known is not None:
        # A late announcement takes nothing back that was known before.
        if outcome.status is not UploadStatus.ACCEPTED:
            await connection.execute(_written(outcome).where(with_id))
        return True
    if "\0" in outcome.filename:
        # No file of ours has such a name, and PostgreSQL takes none.
        return True
    waiting = own & (uploads.c.filename == outcome.filename) & uploads.c.file_upload_id.is_(None)
    waiting &= uploads.c.status.in_([one.value for one in _WITHOUT_OUTCOME])
    query = select(uploads.c.upload_key).where(waiting)
    first = query.order_by(uploads.c.sent_at, uploads.c.position).limit(1)
    key = (await connection.execute(first)).scalar()
    if key is None:
        return True
    taken = (uploads.c.upload_key == key) & uploads.c.file_upload_id.is_(None)
    return (await connection.execute(_written(outcome).where(taken))).rowcount > 0


def _written(outcome: FileOutcome) -> Update:
    change = update(uploads).values(
        file_upload_id=outcome.file_upload_id,
        status=outcome.status.value,
        updated_at=to_wire(outcome.at),
    )
    # The reason of a removed file tells whether it had a place in the batch.
    return (
        change if outcome.status is UploadStatus.REMOVED else change.values(reason=outcome.reason)
    )


def _values(upload: Upload) -> Mapping[str, Any]:
    times = {
        "sent_at": to_wire(upload.sent_at),
        "updated_at": to_wire(upload.updated_at) if upload.updated_at else None,
    }
    return asdict(upload) | {"status": upload.status.value} | times


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        upload_key=row.upload_key,
        batch_id=row.batch_id,
        user_id=UserId(row.user_id),
        filename=row.filename,
        size=row.size,
        sent_at=datetime.fromisoformat(row.sent_at),
        status=UploadStatus(row.status),
        reason=row.reason,
        file_upload_id=row.file_upload_id,
        updated_at=datetime.fromisoformat(row.updated_at) if row.updated_at else None,
    )
