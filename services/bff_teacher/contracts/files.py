"""Bodies of the file service: a batch's upload lock."""

from datetime import datetime

import msgspec

RUNNING = frozenset({"dispatch_initiated", "in_progress"})


class LockStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`current_phase` is the first phase that locks, which may have ended long ago.

    Locked without a phase: the file service could not find out, or knows no such batch.
    """

    locked: bool
    locked_at: datetime | None = None
    current_phase: str | None = None
    phase_status: str | None = None

    @property
    def running_phase(self) -> str | None:
        return self.current_phase if self.phase_status in RUNNING else None

    @property
    def verified(self) -> bool:
        return not self.locked or self.current_phase is not None


class FileState(msgspec.Struct, frozen=True):
    lock_status: LockStatus


MAX_REQUEST_BYTES = 16 * 1024 * 1024
"""Bytes that the file service takes in one request, boundaries and heads included."""
EXTENSIONS = (".txt", ".docx", ".pdf")
"""Kinds that the platform's pages offer; the file service takes .doc, too, and often fails on it."""


class RefusalDetail(msgspec.Struct, frozen=True):
    """The code alone; the rest names the batch's owner and holds a stack trace."""

    error_code: str | None = None


class UploadRefusal(msgspec.Struct, frozen=True):
    """One status, 409, stands for a locked batch, another owner, no batch, and BOS being away."""

    error: RefusalDetail


class UploadAnswer(msgspec.Struct, frozen=True):
    """Names no file: what becomes of each is announced later."""

    batch_id: str
