"""Messages that effects publish to a teacher, in the envelope of those that come over Kafka."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

Data = dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """A message `{"event", "data"}` on the Redis channel of a user."""

    user_id: str
    event: str
    data: Data


@dataclass(frozen=True, slots=True)
class MessageKind:
    """Category, priority and demand of a message."""

    category: str
    priority: str
    needs_action: bool = False


FILES = MessageKind("file_operations", "standard")
REJECTED_FILE = MessageKind("system_alerts", "immediate", needs_action=True)
PROGRESS = MessageKind("batch_progress", "low")
PHASE_RESULT = MessageKind("batch_progress", "standard")
PIPELINE_END = MessageKind("batch_progress", "high")
RESULTS = MessageKind("processing_results", "standard")


def message(kind: MessageKind, batch: Mapping[str, Any], event: str, payload: Data) -> Message:
    """The message to the owner of a batch; `batch` has its `batch_id` and `user_id`."""
    envelope: Data = {
        "category": kind.category,
        "priority": kind.priority,
        "action_required": kind.needs_action,
        "deadline": None,
        "batch_id": batch["batch_id"],
        "class_id": None,
    }
    return Message(batch["user_id"], event, {**payload, **envelope, **_stamp()})


def phase_concluded(batch: Mapping[str, Any], phase: str, status: str) -> Message:
    """The orchestrator publishes it itself, without category and the rest."""
    data: Data = {"batch_id": batch["batch_id"], "phase": phase, "status": status, **_stamp()}
    return Message(batch["user_id"], "batch_phase_concluded", data)


def _stamp() -> Data:
    return {"timestamp": datetime.now(UTC).isoformat(), "correlation_id": str(uuid4())}
