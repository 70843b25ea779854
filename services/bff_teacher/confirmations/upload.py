"""Files that teachers send, and the port of the records that are kept of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from services.bff_teacher.ports import TitleByBatch


class UploadStatus(StrEnum):
    """The progress of a file; `SENDING` means unknown once the request has ended."""

    SENDING = "sending"
    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file that was passed on, or was about to be; `reason` is a cause of ours."""

    upload_key: str
    batch_id: str
    user_id: UserId
    filename: str
    size: int
    sent_at: datetime
    status: UploadStatus = UploadStatus.SENDING
    reason: str | None = None
    file_upload_id: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """An announcement about one of a user's files; `reason` only of a rejected one."""

    user_id: UserId
    batch_id: str
    file_upload_id: str
    filename: str
    status: UploadStatus
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """The records kept here of a batch that has not begun.

    `is_ours` if it was created here, for `expected` essays, so that all of its files are likely to
    come from here. `files` counts those that may fill a place, `sure_files` those that do as far as is known.
    """

    is_ours: bool = False
    expected: int = 0
    class_id: str | None = None
    class_name: str | None = None
    files: int = 0
    sure_files: int = 0


@dataclass(frozen=True, slots=True)
class KnownRecords:
    """Records, times of confirmation and titles by batch id in lower case; unknown ones are absent."""

    by_batch: Mapping[str, BatchRecord] = field(default_factory=dict)
    confirmed_at: Mapping[str, datetime] = field(default_factory=dict)
    titles: TitleByBatch = field(default_factory=dict)

    def only(self, batch_ids: Collection[str]) -> "KnownRecords":
        """The records of some batches."""
        wanted = {one.lower() for one in batch_ids}
        return KnownRecords(
            {key: record for key, record in self.by_batch.items() if key in wanted},
            {key: at for key, at in self.confirmed_at.items() if key in wanted},
            {key: title for key, title in self.titles.items() if key in wanted},
        )


class Uploads(Protocol):
    """Records of files. Every method raises Unavailable when the database cannot be used."""

    async def add(self, uploads: Sequence[Upload]) -> None:
        """Write down what is about to be sent.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...

    async def end(
        self, uploads: Sequence[Upload], status: UploadStatus, reason: str | None, at: datetime
    ) -> None:
        """Write down what became of the request; an outcome that was announced before stays."""
        ...

    async def record(self, outcome: FileOutcome) -> None:
        """Write the outcome to the file with this id, else to the first of this name without one."""
        ...

    async def of_batch(self, batch_id: str, caller: UserId) -> list[Upload]:
        """The files of a batch in the order in which they were sent; the id in lower case."""
        ...


class BatchRecords(Protocol):
    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[KnownRecords]:
        """The records of batches. Unless they are to be `fresh`, they may be some seconds old.

        Raises:
            Unavailable: The database cannot be used, or not in time.
        """
        ...

    def forget(self, user_id: UserId | None) -> None:
        """Drop what was read for a user, or for all."""
        ...
