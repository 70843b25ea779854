"""Files of a batch: the list of them, and the removal of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import get_args

from bff_core.clock import Clock, as_utc
from bff_core.composition import Fetched, WithHeaders, required
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from services.bff_teacher.confirmations.upload import FileOutcome, Upload, Uploads, UploadStatus
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord
from services.bff_teacher.dto.batch_files_v1 import (
    BatchFileListV1,
    BatchFileV1,
    FileReasonV1,
    FileRemovalV1,
    FileStatusV1,
)
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ports import BatchWrites
from services.bff_teacher.ports.workflow import FileUploads
from services.bff_teacher.screens.failure_texts import language_headers, language_of
from services.bff_teacher.screens.file_checks import TEXTS
from services.bff_teacher.screens.ids import is_uuid, require_uuids
from services.bff_teacher.screens.owned_batch import OwnedBatch, OwnedBatches
from services.bff_teacher.screens.parts import describe_parts
from services.bff_teacher.screens.rows.batches import require_allowed

SENDING_TIME = timedelta(minutes=3)
"""Time after which a file that is still being sent counts as one of which nothing is known."""


class BatchFilesScreen:
    """Required: the batch, and the records of its files."""

    def __init__(
        self,
        *,
        owned: OwnedBatches,
        files: FileUploads,
        uploads: Uploads,
        writes: BatchWrites,
        clock: Clock,
    ) -> None:
        self._owned = owned
        self._files = files
        self._uploads = uploads
        self._writes = writes
        self._clock = clock

    async def load(self, ctx: RequestContext, batch_id: str) -> WithHeaders[BatchFileListV1]:
        """Files that were sent from here, and essays of the batch that came another way.

        Raises:
            NotFound, NotAuthorized: The batch is none of the teacher's.
            RateLimited, Unavailable: The own database cannot be used.
            DownstreamError: The owner could not be read.
        """
        batch = await self._owned.read(ctx, batch_id)
        uploads = await self._uploads.of_batch(batch.batch_id.lower(), ctx.user_id)
        language = language_of(ctx.accept_language)
        record = batch.truth.record
        ours = record.expected if record and record.is_ours else None
        answer = BatchFileListV1(
            batch_id=batch.batch_id,
            expected=batch.row.essay_count or ours,
            files=FileRows(_essays_of(batch), language, self._clock.now()).of(uploads),
            parts=describe_parts({"batch": Fetched(None)}),
        )
        return WithHeaders(answer, language_headers(language))

    async def remove(
        self, ctx: RequestContext, batch_id: str, file_upload_id: str
    ) -> FileRemovalV1:
        """Ask the platform to remove a file of the batch.

        Raises:
            NotFound: The batch has no such file, or is unknown.
            NotAuthorized: The batch is another teacher's.
            Conflict: Its files can no longer be changed.
            RateLimited, Unavailable: The own database cannot be used.
            DownstreamError: A service failed.
        """
        (file_upload_id,) = require_uuids(file_upload_id=file_upload_id)
        batch = await self._owned.read(ctx, batch_id)
        require_allowed("remove_files", batch.truth)
        uploads = await self._uploads.of_batch(batch.batch_id.lower(), ctx.user_id)
        wanted = file_upload_id.lower()
        known = {one.file_upload_id.lower(): one for one in uploads if one.file_upload_id}
        if wanted not in known:
            raise NotFound
        upload_id = known[wanted].file_upload_id or wanted
        await self._writes.finish(self._remove(ctx, batch.batch_id, upload_id, known[wanted]))
        return FileRemovalV1(batch_id=batch.batch_id, file_upload_id=upload_id)

    async def _remove(
        self, ctx: RequestContext, batch_id: str, upload_id: str, upload: Upload
    ) -> None:
        await required("files", self._files.remove(ctx, batch_id, upload_id))
        await self._uploads.record(_removal(upload, upload_id, self._clock))
        await self._writes.written(ctx.user_id)


def _essays_of(batch: OwnedBatch) -> Sequence[EssayRecord]:
    """The essays of RAS, which lists each from its first result on."""
    return batch.row.essays if isinstance(batch.row, BatchWithEssays) else ()


class FileRows:
    """Joins the files that were sent from here with the essays that RAS lists."""

    def __init__(self, essays: Sequence[EssayRecord], language: LanguageV1, now: datetime) -> None:
        self._left = {
            (one.file_upload_id or one.essay_id).lower(): one
            for one in essays
            if is_uuid(one.file_upload_id or "")
        }
        self._language = language
        self._now = now

    def of(self, uploads: Sequence[Upload]) -> list[BatchFileV1]:
        """Files that were sent, then essays that came another way."""
        sent = [one for one in uploads if one.status is not UploadStatus.NOT_SENT]
        rows = [self._row(upload, self._essay_of(upload)) for upload in sent]
        return [*rows, *map(_essay_row, self._left.values())]

    def _essay_of(self, upload: Upload) -> EssayRecord | None:
        if upload.file_upload_id:
            return self._left.pop(upload.file_upload_id.lower(), None)
        # Its announcement was not heard; the essay has the id all the same.
        key = next((k for k, one in self._left.items() if one.filename == upload.filename), None)
        return self._left.pop(key) if key else None

    def _row(self, upload: Upload, essay: EssayRecord | None) -> BatchFileV1:
        reason = None if essay else _reason_of(upload)
        return BatchFileV1(
            file_upload_id=essay.file_upload_id if essay else upload.file_upload_id,
            filename=upload.filename,
            size=upload.size,
            status="stored" if essay else self._status_of(upload),
            reason=reason,
            message=TEXTS[self._language][reason] if reason else None,
            sent_at=upload.sent_at,
            updated_at=as_utc(essay.last_updated) if essay else upload.updated_at,
        )

    def _status_of(self, upload: Upload) -> FileStatusV1:
        if upload.status is not UploadStatus.SENDING:
            return _STATUSES[upload.status]
        is_recent = self._now - upload.sent_at < SENDING_TIME
        return "sent" if is_recent else "unknown"


_STATUSES: Mapping[UploadStatus, FileStatusV1] = {
    UploadStatus.SENT: "sent",
    UploadStatus.UNKNOWN: "unknown",
    UploadStatus.ACCEPTED: "accepted",
    UploadStatus.REJECTED: "rejected",
    UploadStatus.REMOVED: "removed",
}


def _reason_of(upload: Upload) -> FileReasonV1 | None:
    return next((one for one in get_args(FileReasonV1) if one == upload.reason), None)


def _essay_row(essay: EssayRecord) -> BatchFileV1:
    return BatchFileV1(
        file_upload_id=essay.file_upload_id,
        filename=essay.filename,
        size=None,
        status="stored",
        reason=None,
        message=None,
        sent_at=None,
        updated_at=as_utc(essay.last_updated),
    )


def _removal(upload: Upload, file_upload_id: str, clock: Clock) -> FileOutcome:
    return FileOutcome(
        user_id=upload.user_id,
        batch_id=upload.batch_id,
        file_upload_id=file_upload_id,
        filename=upload.filename,
        status=UploadStatus.REMOVED,
        reason=None,
        at=clock.now(),
    )
