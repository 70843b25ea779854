"""Batches as DTOs: a dashboard item with its names, its state and its actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bff_core.clock import as_utc
from bff_core.composition import Part
from bff_core.context import RequestContext
from bff_core.errors import Conflict
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_actions_v1 import (
    ActionNameV1,
    ActionReasonV1,
    BatchActionV1,
)
from services.bff_teacher.dto.batch_state_v1 import AttentionV1, BatchPhaseV1, StartDenialV1
from services.bff_teacher.dto.batch_title_v1 import CODE_LENGTH, TitleSourceV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1
from services.bff_teacher.events.model import Denial
from services.bff_teacher.ports import TitleByBatch, Titles
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import DisabledParts, optional_from_ledger
from services.bff_teacher.truth.actions import refusal_of, refusals_of
from services.bff_teacher.truth.facts import Attention, BatchTruth, Phase

NO_TITLE = "Untitled Batch"
"""The word of the platform's own teacher BFF, whose front end requires a text."""
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
    "no_matches": "No essay of the batch could be matched with a student",
    "awaiting_review": "The matches of the batch wait for your review",
    "nothing_to_review": "No matches of the batch wait for a review",
    "already_confirmed": "The matches of the batch are confirmed",
    "already_done": "The batch has been processed",
    "nothing_to_retry": "No phase of the batch can be retried",
    "not_finished": "The batch is not finished; its results may change",
}
_DENIALS: Mapping[str, Literal["insufficient_credits", "rate_limit", "unknown"]] = {
    "insufficient_credits": "insufficient_credits",
    "rate_limit_exceeded": "rate_limit",
}


@dataclass(frozen=True, slots=True)
class BatchNames:
    code: str
    title: str
    title_source: TitleSourceV1 | None


async def read_titles(
    disabled: DisabledParts, titles: Titles, ctx: RequestContext, batch_ids: Sequence[str]
) -> Part[TitleByBatch] | None:
    """The part `titles`: one query for all of a page."""
    return await optional_from_ledger(disabled, "titles", lambda: titles.of_batches(ctx, batch_ids))


def batch_code(batch_id: str) -> str:
    """The first digits of the batch's UUID."""
    return batch_id[:CODE_LENGTH].upper()


def names_of(batch: BatchSummary, titles: TitleByBatch | None) -> BatchNames:
    """The teacher's title, else the assignment's; `titles` are None while they are not known."""
    code, given = batch_code(batch.batch_id), (titles or {}).get(batch.batch_id.lower())
    if given and given.text:
        return BatchNames(code, given.text, "teacher")
    if batch.assignment_id:
        return BatchNames(code, batch.assignment_id, "assignment")
    return BatchNames(code, NO_TITLE, None)


def dashboard_item(
    row: BatchSummary, truth: BatchTruth, info: ClassInfo | None, titles: TitleByBatch | None
) -> DashboardBatchV1:
    """A visible row joined with its state, and with its class and title, if they are known."""
    attention, names = truth.attention, names_of(row, titles)
    return DashboardBatchV1(
        batch_id=row.batch_id,
        batch_code=names.code,
        title=names.title,
        title_source=names.title_source,
        class_id=info.class_id if info and is_uuid(info.class_id) else None,
        class_name=info.class_name if info else None,
        status=truth.status,
        status_source=truth.status_source,
        processing_phase=truth.processing_phase,
        phases=phase_dtos(truth.phases),
        attention=attention_dto(attention),
        deviation_count=attention.pending if attention else None,
        auto_confirm_deadline=attention.auto_confirm_from if attention else None,
        waits_for=truth.waits_for,
        placed_files=truth.placed_files,
        rejected_files=truth.rejected_files,
        start_denied=denial_dto(truth.denial),
        total_essays=row.essay_count,
        completed_essays=truth.completed_essays,
        failed_essays=truth.failed_essays,
        progress_percent=truth.progress_percent,
        requested_pipeline=row.requested_pipeline,
        is_final=truth.is_final,
        created_at=as_utc(row.created_at),
        last_updated=as_utc(row.last_updated),
        completed_at=truth.completed_at,
        actions=action_dtos(row.batch_id, truth),
    )


def phase_dtos(phases: Sequence[Phase] | None) -> list[BatchPhaseV1] | None:
    if phases is None:
        return None
    return [BatchPhaseV1(one.name, one.status, one.started_at, one.completed_at) for one in phases]


def attention_dto(attention: Attention | None) -> AttentionV1 | None:
    if attention is None:
        return None
    return AttentionV1(
        kind="student_matching",
        pending=attention.pending,
        uncertain=None,
        unmatched=attention.unmatched,
        auto_confirm_from=attention.auto_confirm_from,
        auto_confirm_by=attention.auto_confirm_by,
        confirmed_at=attention.confirmed_at,
    )


def denial_dto(denial: Denial | None) -> StartDenialV1 | None:
    """The denial, with the platform's reason in our words."""
    if denial is None:
        return None
    reason = _DENIALS.get(denial.reason, "unknown")
    return StartDenialV1(pipeline=denial.pipeline, reason=reason, at=denial.at)


def as_utc_or_none(moment: datetime | None) -> datetime | None:
    return as_utc(moment) if moment else None


def action_dtos(batch_id: str, truth: BatchTruth) -> list[BatchActionV1]:
    """Every action on the batch; `batch_id` is a UUID, and so safe in a path."""
    path = f"{BATCHES_PATH}/{batch_id}"
    return [
        BatchActionV1(name, refusal is None, refusal, f"{path}/{place}", method)
        for name, refusal in refusals_of(truth).items()
        for method, place in (_REQUESTS[name],)
    ]


def require_allowed(name: ActionNameV1, truth: BatchTruth) -> None:
    """Refuse a write by the rule that its button follows.

    Raises:
        Conflict: The action cannot be taken now; `details.reason` is that of the action.
    """
    refusal = refusal_of(name, truth)
    if refusal is not None:
        wait = RETRY_AFTER if refusal == "state_unknown" else None
        raise Conflict(_MESSAGES[refusal], details={"reason": refusal}, retry_after=wait)
