"""In-memory fakes of what the screens of files use."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bff_core.context import RequestContext, UserId
from bff_core.errors import BffError, Unavailable
from services.bff_teacher.confirmations.upload import FileOutcome, Upload, UploadStatus
from services.bff_teacher.ports.workflow import NamedFile

OPEN = (UploadStatus.SENDING, UploadStatus.SENT, UploadStatus.UNKNOWN)


@dataclass
class MemoryUploads:
    """Passes the same contract tests as the real records. `down` names the methods that fail."""

    rows: list[Upload] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    async def add(self, uploads: Sequence[Upload]) -> None:
        self._fail("add")
        self.rows.extend(uploads)

    async def end(
        self, uploads: Sequence[Upload], status: UploadStatus, reason: str | None, at: datetime
    ) -> None:
        self._fail("end")
        keys = {one.upload_key for one in uploads}
        self.rows = [
            replace(one, status=status, reason=reason, updated_at=at)
            if one.upload_key in keys and one.status is UploadStatus.SENDING
            else one
            for one in self.rows
        ]

    async def record(self, outcome: FileOutcome) -> None:
        self._fail("record")
        own = [
            (place, one)
            for place, one in enumerate(self.rows)
            if (one.batch_id, one.user_id) == (outcome.batch_id, outcome.user_id)
        ]
        known = [place for place, one in own if one.file_upload_id == outcome.file_upload_id]
        if known and outcome.status is UploadStatus.ACCEPTED:
            return
        waiting = [
            place
            for place, one in own
            if one.filename == outcome.filename
            and one.file_upload_id is None
            and one.status in OPEN
        ]
        for place in (known or waiting)[:1]:
            removed = outcome.status is UploadStatus.REMOVED
            reason = self.rows[place].reason if removed else outcome.reason
            self.rows[place] = replace(
                self.rows[place],
                file_upload_id=outcome.file_upload_id,
                status=outcome.status,
                reason=reason,
                updated_at=outcome.at,
            )

    async def of_batch(self, batch_id: str, caller: UserId) -> list[Upload]:
        self._fail("of_batch")
        return [one for one in self.rows if one.batch_id == batch_id]

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise Unavailable(details={"reason": "ledger_unavailable"})


@dataclass
class MemoryFile:
    data: bytearray = field(default_factory=bytearray)
    closed: bool = False

    @property
    def size(self) -> int:
        return len(self.data)

    async def write(self, data: bytes) -> None:
        self.data += data

    async def read(self) -> AsyncIterator[bytes]:
        assert not self.closed
        yield bytes(self.data)

    def close(self) -> None:
        self.closed = True


@dataclass
class MemorySpool:
    files: list[MemoryFile] = field(default_factory=list)

    def open(self) -> MemoryFile:
        self.files.append(MemoryFile())
        return self.files[-1]


@dataclass
class FakeFileUploads:
    """The file service; `sent` holds the names and contents of each request."""

    fails: list[BffError | None] = field(default_factory=list)
    sent: list[dict[str, bytes]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def room_for(self, file: NamedFile) -> int:
        return file.content.size + 200

    async def send(self, ctx: RequestContext, batch_id: str, files: Sequence[NamedFile]) -> None:
        self.sent.append(
            {file.name: b"".join([block async for block in file.content.read()]) for file in files}
        )
        failure = self.fails.pop(0) if self.fails else None
        if failure:
            raise failure

    async def remove(self, ctx: RequestContext, batch_id: str, file_upload_id: str) -> None:
        self.removed.append(file_upload_id)


@dataclass
class FakeAnnouncements:
    expected: list[UserId] = field(default_factory=list)

    async def expect(self, user_id: UserId) -> None:
        self.expected.append(user_id)
