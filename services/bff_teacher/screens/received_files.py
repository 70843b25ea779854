"""Files of a multipart body, each received whole before it is judged."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from bff_core.errors import InvalidRequest
from services.bff_teacher.dto.batch_files_v1 import MAX_FILES, FileReasonV1
from services.bff_teacher.ports.forms import BodyLimits, FormBody, PartData, PartHead
from services.bff_teacher.ports.workflow import NamedFile, Spool, SpooledFile
from services.bff_teacher.screens.file_checks import OPENING_BYTES, content_refusal, name_refusal

FIELD = "files"
MAX_PARTS = 2 * MAX_FILES


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bytes that one body and one file may have, and seconds of silence in a body."""

    body: int
    file: int
    idle: float


@dataclass(slots=True)
class ReceivedFile:
    """A file with its `content`, or with the reason why nothing of it is kept."""

    name: str
    size: int = 0
    refusal: FileReasonV1 | None = None
    content: SpooledFile | None = None
    opening: bytes = b""

    def drop(self, refusal: FileReasonV1) -> None:
        self.refusal = self.refusal or refusal
        if self.content is not None:
            self.content.close()
            self.content = None

    @property
    def named(self) -> NamedFile:
        assert self.content is not None  # noqa: S101 - asked for files that were not refused
        return NamedFile(self.name, self.content)


class FileReceiver:
    """Keeps one file at a time; the one who takes it closes it."""

    def __init__(self, spool: Spool, limits: UploadLimits) -> None:
        self._spool = spool
        self._limits = limits

    async def files(self, body: FormBody) -> AsyncGenerator[ReceivedFile, None]:
        """The files in their order, refused ones included.

        Raises:
            InvalidRequest: The body is no form with files, or broke off.
            PayloadTooLarge, RequestTooSlow: It goes beyond a limit.
            Unavailable: There is no room for a file.
        """
        limits = BodyLimits(self._limits.body, self._limits.idle, MAX_PARTS)
        current: ReceivedFile | None = None
        number = 0
        parts = body.parts(limits)
        try:
            async for part in parts:
                if isinstance(part, PartHead):
                    current = self._begun(part, number)
                    number += 1
                elif current is not None and await self._add(current, part):
                    received, current = current, None
                    yield received
        finally:
            await parts.aclose()
            if current is not None:
                current.drop("unknown")
        if number == 0:
            raise InvalidRequest(f"The body has no files in its field {FIELD}")

    def _begun(self, head: PartHead, number: int) -> ReceivedFile:
        if head.name != FIELD or head.filename is None:
            raise InvalidRequest(f"The body may have files in its field {FIELD} only")
        file = ReceivedFile(head.filename, refusal=name_refusal(head.filename))
        if number >= MAX_FILES:
            file.refusal = "too_many"
        if file.refusal is None:
            file.content = self._spool.open()
        return file

    async def _add(self, file: ReceivedFile, part: PartData) -> bool:
        """Add a piece; True when the file is complete and judged."""
        file.size += len(part.data)
        if file.size > self._limits.file:
            file.drop("too_large")
        if file.content is not None:
            room = OPENING_BYTES - len(file.opening)
            file.opening += part.data[:room]
            await file.content.write(part.data)
        if not part.is_last:
            return False
        if file.size == 0:
            file.drop("empty")
        elif file.content is not None and (wrong := content_refusal(file.name, file.opening)):
            file.drop(wrong)
        return True
