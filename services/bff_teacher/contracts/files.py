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
