"""Actions on a batch as DTOs, and the refusal of a write that is not allowed."""

from collections.abc import Mapping
from typing import Literal

from bff_core.errors import Conflict
from services.bff_teacher.dto.batch_actions_v1 import (
    ActionNameV1,
    ActionReasonV1,
    BatchActionV1,
)
from services.bff_teacher.truth.actions import refusal_of, refusals_of
from services.bff_teacher.truth.facts import BatchTruth

BATCHES_PATH = "/bff/v1/teacher/batches"
"""The path that gateway and BFF have in common."""
RETRY_AFTER = 1.0
"""Seconds after which an unknown state may be known."""

_REQUESTS: Mapping[ActionNameV1, tuple[Literal["GET", "POST", "PUT", "DELETE"], str]] = {
    "upload_files": ("POST", "files"),
    "remove_files": ("DELETE", "files/{file_upload_id}"),
    "review_matches": ("POST", "associations/confirm"),
    "start": ("POST", "pipelines"),
    "retry": ("POST", "phases/{phase}/retry"),
    "export": ("GET", "results.csv"),
    "set_title": ("PUT", "title"),
}
_MESSAGES: Mapping[ActionReasonV1, str] = {
    "state_unknown": "The state of the batch cannot be read now",
    "processing": "The batch is being processed",
    "retried": "A phase was started again, and may still run",
    "locked": "The batch has been processed; it takes no more files",
    "cancelled": "The batch was cancelled",
    "files_complete": "All files of the batch have arrived",
    "files_missing": "The batch expects more files",
    "no_files": "No file of the batch was sent from here",
    "matching": "The essays are being matched with students",
    "awaiting_review": "The matches of the batch wait for your review",
    "nothing_to_review": "No matches of the batch wait for a review",
    "already_confirmed": "The matches of the batch are confirmed",
    "already_done": "The batch has been processed",
    "nothing_to_retry": "No phase of the batch can be retried",
    "not_finished": "The batch is not finished; its results may change",
}


def action_dtos(batch_id: str, truth: BatchTruth) -> list[BatchActionV1]:
    """Every action on the batch; `batch_id` is a UUID, and so safe in a path."""
    actions = []
    for name, refusal in refusals_of(truth).items():
        method, path = _REQUESTS[name]
        href = f"{BATCHES_PATH}/{batch_id}/{path}"
        actions.append(BatchActionV1(name, refusal is None, refusal, href, method))
    return actions


def require_allowed(name: ActionNameV1, truth: BatchTruth) -> None:
    """Refuse a write by the rule that its button follows.

    Raises:
        Conflict: The action cannot be taken now; `details.reason` is that of the action.
    """
    refusal = refusal_of(name, truth)
    if refusal is not None:
        wait = RETRY_AFTER if refusal == "state_unknown" else None
        raise Conflict(_MESSAGES[refusal], details={"reason": refusal}, retry_after=wait)
