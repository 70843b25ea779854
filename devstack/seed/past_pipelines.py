"""The events of the demo's past pipelines: starts, results, outcomes, refusals and ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devstack.events import pipelines
from devstack.events.event import Data, Event, Moment, moment
from devstack.events.pipelines import graded
from devstack.seed.model import SeededBatch
from devstack.seed.situations import Situation

Dated = tuple[datetime, Event]
STARTED = timedelta(minutes=12)
SPELLCHECKED, ASSESSED = timedelta(minutes=18, seconds=10), timedelta(minutes=43, seconds=31)
ENDED_AFTER, DENIED_AFTER = timedelta(seconds=1), timedelta(seconds=2)
# A phase that was begun again over the same essays.
AGAIN_AFTER = timedelta(minutes=1)
_PHASES = ("spellcheck", "cj_assessment")
_STARTED_AGAIN = frozenset({Situation.STARTED_AGAIN, Situation.ENDED_WITH_FAILED_PHASE})
_FAILED_FIRST = _STARTED_AGAIN | {Situation.FIRST_PHASE_FAILED, Situation.RETRIED}
_ENDED = frozenset(
    {
        Situation.DONE,
        Situation.PARTLY_FAILED,
        Situation.ENDED_WITH_FAILED_PHASE,
        Situation.SECOND_PIPELINE,
    }
)


def pipeline_events(batch: SeededBatch, row: Data) -> Iterator[Dated]:
    """`row` is the batch as the orchestrator has it."""
    start = batch.created_at + STARTED
    if batch.situation is Situation.DENIED:
        yield start, _command(batch, "cj_assessment", start)
        at, calls = start + DENIED_AFTER, batch.essay_count * (batch.essay_count - 1) // 2
        refusal: Data = {
            "requested_pipeline": "cj_assessment",
            "denial_reason": "insufficient_credits",
            "required_credits": calls,
            "available_credits": calls // 2,
            "resource_breakdown": {"cj_comparison": calls, "ai_feedback_generation": 0},
        }
        yield at, pipelines.denied(row, refusal, _moment(batch, at))
    if {one.status for one in batch.phases} <= {"pending_dependencies", "skipped_by_user_config"}:
        return
    yield start, _command(batch, "cj_assessment", start)
    checked = batch.created_at + SPELLCHECKED
    if batch.situation in _FAILED_FIRST:
        at, lost = checked - 2 * AGAIN_AFTER, [one.essay_id for one in batch.essays]
        yield at, pipelines.phase_outcome(row, "spellcheck", [], lost, _moment(batch, at))
    if batch.situation in _STARTED_AGAIN:
        at = checked - AGAIN_AFTER
        yield at, _command(batch, "cj_assessment", at, "again")
    for essay in batch.essays:
        if essay.spellcheck_status is not None:
            at, corrections = essay.last_updated, essay.spellcheck_correction_count or 0
            texts = (essay.original_text_storage_id, essay.spellcheck_corrected_text_storage_id)
            when = _moment(batch, at)
            yield at, pipelines.spellchecked(row, essay.essay_id, texts, corrections, when)
    if batch.processing_started_at is None:
        return
    if batch.situation not in _FAILED_FIRST or batch.situation in _STARTED_AGAIN:
        yield _outcome(batch, row, "spellcheck", checked)
    yield from _assessment(batch, row)


def _assessment(batch: SeededBatch, row: Data) -> Iterator[Dated]:
    at, job = batch.created_at + ASSESSED, pipelines.job_of(batch.batch_id)
    when = _moment(batch, at)
    if batch.situation is Situation.ASSESSMENT_STUCK:
        yield at, pipelines.assessment_failed(row, job, when)
    if batch.situation is Situation.LATER_PHASE_FAILED:
        lost = [one.essay_id for one in batch.essays]
        yield at, pipelines.phase_outcome(row, "cj_assessment", [], lost, when)
    if batch.situation not in _ENDED:
        return
    ranked = graded(
        (one.essay_id, one.cj_score, one.cj_rank) for one in batch.essays if one.cj_rank is not None
    )
    yield at, pipelines.assessment_published(row, job, ranked, when)
    yield _outcome(batch, row, "cj_assessment", at)
    yield at, pipelines.assessment_completed(row, job, ranked, when)
    if len(ranked) == batch.essay_count:
        yield at, pipelines.results_ready(row, _PHASES, len(ranked), when)
    at += ENDED_AFTER
    failed, when = batch.situation is Situation.ENDED_WITH_FAILED_PHASE, _moment(batch, at)
    yield at, pipelines.pipeline_completed(row, _PHASES, failed=failed, when=when)
    if batch.situation is Situation.SECOND_PIPELINE:
        at = batch.created_at + 2 * ASSESSED
        yield at, _command(batch, "nlp", at, "second")


def _outcome(batch: SeededBatch, row: Data, phase: str, at: datetime) -> Dated:
    """Of a phase which some essays have survived."""
    texts: list[Data] = [
        {"essay_id": one.essay_id, "text_storage_id": one.spellcheck_corrected_text_storage_id}
        for one in batch.essays
        if one.spellcheck_status == "completed"
    ]
    alive = {text["essay_id"] for text in texts}
    lost = [one.essay_id for one in batch.essays if one.essay_id not in alive]
    return at, pipelines.phase_outcome(row, phase, texts, lost, _moment(batch, at))


def _command(batch: SeededBatch, pipeline: str, at: datetime, request: str = "start") -> Event:
    when = moment(batch.batch_id, request, at)
    return pipelines.command(batch.batch_id, pipeline, batch.user_id, when)


def _moment(batch: SeededBatch, at: datetime) -> Moment:
    return moment(batch.batch_id, "start", at)
