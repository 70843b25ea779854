"""Files of a batch: each is checked whole before any of it is passed on."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from bff_core.clock import Clock
from bff_core.composition import WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import (
    BffError,
    Conflict,
    DownstreamError,
    DownstreamRefused,
    NotAuthorized,
    Unavailable,
)
from services.bff_teacher.confirmations.upload import Upload, Uploads, UploadStatus
from services.bff_teacher.contracts.files import MAX_REQUEST_BYTES
from services.bff_teacher.dto.batch_files_v1 import BatchFilesSentV1, FileReasonV1, SentFileV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ports import BatchWrites
from services.bff_teacher.ports.forms import FormBody
from services.bff_teacher.ports.workflow import FileAnnouncements, FileUploads, NamedFile
from services.bff_teacher.screens.failure_texts import language_headers, language_of
from services.bff_teacher.screens.file_checks import TEXTS, shown_name
from services.bff_teacher.screens.owned_batch import OwnedBatches
from services.bff_teacher.screens.received_files import FileReceiver, ReceivedFile
from services.bff_teacher.screens.rows.batches import require_allowed

RESERVED_BYTES = 1024
"""Room in each request for the batch's id and the end."""

log = structlog.get_logger()


@dataclass(slots=True)
class SentRow:
    """A file of the answer; `status` and `reason` are those of `SentFileV1`."""

    name: str
    size: int
    status: UploadStatus | None = None
    reason: FileReasonV1 | None = None


@dataclass(slots=True)
class UploadRun:
    """One request of a teacher: the rows of its answer, and the files that are still to be sent.

    `failure` is the first error of the file service.
    """

    ctx: RequestContext
    batch_id: str
    rows: list[SentRow] = field(default_factory=list)
    waiting: list[tuple[SentRow, NamedFile]] = field(default_factory=list)
    room: int = MAX_REQUEST_BYTES - RESERVED_BYTES
    failure: BffError | None = None

    @property
    def sent(self) -> int:
        return sum(row.status is UploadStatus.SENT for row in self.rows)

    def close(self) -> None:
        for _, file in self.waiting:
            file.content.close()
        self.waiting = []
        self.room = MAX_REQUEST_BYTES - RESERVED_BYTES


class UploadFilesScreen:
    """Everything is required. Owner and state are read before the body.

    The file service takes 16 MiB a request. So files are sent in several, each of them whole; what
    is sent while the rest still arrives stays sent, whatever becomes of the rest.
    """

    def __init__(
        self,
        *,
        owned: OwnedBatches,
        receiver: FileReceiver,
        files: FileUploads,
        uploads: Uploads,
        announcements: FileAnnouncements,
        writes: BatchWrites,
        clock: Clock,
    ) -> None:
        self._owned = owned
        self._receiver = receiver
        self._files = files
        self._uploads = uploads
        self._announcements = announcements
        self._writes = writes
        self._clock = clock

    async def send(
        self, ctx: RequestContext, batch_id: str, body: FormBody
    ) -> WithHeaders[BatchFilesSentV1]:
        """Send the files; a bad one refuses itself alone.

        Raises:
            NotFound, NotAuthorized: The batch is none of the teacher's.
            Conflict: It takes no files.
            InvalidRequest, PayloadTooLarge, RequestTooSlow: The body cannot be read.
            RateLimited, Unavailable: The own database or the disk cannot be used.
            DownstreamError: The owner could not be read, or no file could be sent.
        """
        batch = await self._owned.read(ctx, batch_id)
        require_allowed("upload_files", batch.truth)
        run = UploadRun(ctx, batch.batch_id)
        try:
            async with aclosing(self._receiver.files(body)) as files:
                async for file in files:
                    await self._take(run, file)
            await self._send_waiting(run)
        finally:
            run.close()
        if run.failure is not None and not run.sent:
            raise run.failure
        language = language_of(ctx.accept_language)
        return WithHeaders(_answer(run, language), language_headers(language))

    async def _take(self, run: UploadRun, file: ReceivedFile) -> None:
        row = SentRow(shown_name(file.name), file.size, reason=file.refusal)
        run.rows.append(row)
        if file.refusal is not None:
            return
        named = file.named
        needed = self._files.room_for(named)
        run.waiting.append((row, named))
        if needed > run.room:
            (last,) = run.waiting[-1:]
            del run.waiting[-1:]
            try:
                await self._send_waiting(run)
            finally:
                run.waiting.append(last)
        run.room -= needed

    async def _send_waiting(self, run: UploadRun) -> None:
        """Send the files that wait, in one request."""
        if not run.waiting:
            return
        uploads = [self._upload(run, file) for _, file in run.waiting]
        await self._uploads.add(uploads)
        await self._announcements.expect(run.ctx.user_id)
        # The request ends with its caller, but what was sent by then may have arrived.
        status, reason = UploadStatus.UNKNOWN, None
        try:
            status, reason = await self._send(run, [file for _, file in run.waiting])
        finally:
            for row, _ in run.waiting:
                row.status, row.reason = status, reason
            run.close()
            await self._writes.finish(self._settle(run, uploads, status, reason))

    async def _settle(
        self,
        run: UploadRun,
        uploads: Sequence[Upload],
        status: UploadStatus,
        reason: FileReasonV1 | None,
    ) -> None:
        await self._record(uploads, status, reason)
        await self._writes.written(run.ctx.user_id)

    def _upload(self, run: UploadRun, file: NamedFile) -> Upload:
        return Upload(
            upload_key=str(uuid4()),
            batch_id=run.batch_id.lower(),
            user_id=run.ctx.user_id,
            filename=file.name,
            size=file.content.size,
            sent_at=self._clock.now(),
        )

    async def _send(
        self, run: UploadRun, files: Sequence[NamedFile]
    ) -> tuple[UploadStatus, FileReasonV1 | None]:
        try:
            await self._files.send(run.ctx, run.batch_id, files)
        except (Conflict, NotAuthorized) as error:
            run.failure = run.failure or error
            return UploadStatus.NOT_SENT, "locked" if isinstance(error, Conflict) else "service"
        except DownstreamError as error:
            # A refused request was received, and nothing of it is kept.
            unsent = not error.sent or isinstance(error, DownstreamRefused)
            status = UploadStatus.NOT_SENT if unsent else UploadStatus.UNKNOWN
            error.details["outcome"] = status.value
            run.failure = run.failure or error.naming_part("files")
            return status, "service"
        return UploadStatus.SENT, None

    async def _record(
        self, uploads: Sequence[Upload], status: UploadStatus, reason: FileReasonV1 | None
    ) -> None:
        """Write down what became of the request. If that fails, the files stay unknown in the list."""
        kept = reason if status is UploadStatus.NOT_SENT else None
        try:
            await self._uploads.end(uploads, status, kept, self._clock.now())
        except Unavailable as error:
            cause = error.fields.get("error")
            log.error("upload_not_recorded", outcome=status.value, error=cause)  # noqa: TRY400 - as in the confirm screen


def _answer(run: UploadRun, language: LanguageV1) -> BatchFilesSentV1:
    return BatchFilesSentV1(
        batch_id=run.batch_id,
        files=[
            SentFileV1(
                filename=row.name,
                size=row.size,
                status=row.status.value if row.status else "refused",
                reason=row.reason,
                message=TEXTS[language][row.reason] if row.reason else None,
            )
            for row in run.rows
        ],
        sent=run.sent,
    )
