"""Whether a batch may still take files: the orchestrator's phases, as the file service reads them."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

_ORDER = ("spellcheck", "ai_feedback", "cj_assessment", "nlp")
# A phase that failed or was cancelled does not lock.
_LOCKING = frozenset(
    {
        "dispatch_initiated",
        "in_progress",
        "completed_successfully",
        "completed_with_partial_success",
    }
)


@dataclass(frozen=True, slots=True)
class RunningPhase:
    name: str
    status: str
    started_at: str | None

    @property
    def reason(self) -> str:
        return f"{self.name} processing has started"


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """What the orchestrator says of a batch; `lock` None means open."""

    owner_id: str
    lock: RunningPhase | None

    def status(self) -> dict[str, object]:
        if self.lock is None:
            return {
                "locked": False,
                "reason": "Batch is open for modifications",
                "current_state": "READY_FOR_MODIFICATIONS",
            }
        return {
            "locked": True,
            "reason": self.lock.reason,
            "locked_at": _zoned(self.lock.started_at),
            "current_phase": self.lock.name,
            "phase_status": self.lock.status,
        }


def known_batch(batch_id: str, connection: sqlite3.Connection) -> KnownBatch | None:
    query = "SELECT user_id FROM bos_batches WHERE batch_id = ?"
    row = connection.execute(query, (batch_id,)).fetchone()
    if row is None:
        return None
    phases = connection.execute(
        "SELECT name, status, started_at FROM phases WHERE batch_id = ?", (batch_id,)
    )
    locking = [RunningPhase(*one) for one in phases if one["status"] in _LOCKING]
    locking.sort(key=lambda phase: _ORDER.index(phase.name))
    return KnownBatch(row["user_id"], locking[0] if locking else None)


def _zoned(started_at: str | None) -> str | None:
    if started_at is None:
        return None
    return datetime.fromisoformat(started_at).replace(tzinfo=UTC).isoformat()
