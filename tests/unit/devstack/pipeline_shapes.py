"""Shapes of the events of a pipeline, and of credits."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, NaiveDatetime

from tests.unit.devstack.event_parts import (
    Base,
    Grade,
    Label,
    Phase,
    Ref,
    Shape,
    Share,
    SystemMetadata,
    Update,
)


class Command(Shape):
    batch_id: UUID
    requested_pipeline: Phase
    client_correlation_id: UUID
    user_id: str
    is_retry: bool
    retry_reason: str | None
    prompt_payload: dict[str, Any] | None


class CorrectionMetrics(Shape):
    total_corrections: int
    l2_dictionary_corrections: int
    spellchecker_corrections: int
    word_count: int
    correction_density: float


class SpellcheckResult(Update):
    batch_id: UUID
    correlation_id: str
    user_id: str | None
    corrections_made: int
    correction_metrics: CorrectionMetrics
    original_text_storage_id: str
    corrected_text_storage_id: str | None
    processing_duration_ms: int
    processor_version: str


class AssessmentFailed(Update):
    cj_assessment_job_id: str


class EssayResult(Shape):
    essay_id: UUID
    normalized_score: Share
    letter_grade: Grade
    confidence_score: Share
    confidence_label: Label
    bt_score: float
    rank: Annotated[int, Field(gt=0)]
    is_anchor: bool
    feedback_uri: str | None
    metrics_uri: str | None
    display_name: str | None


class AssessmentPublished(Base):
    batch_id: UUID
    cj_assessment_job_id: str
    assignment_id: str | None
    assessment_method: str
    model_used: str
    model_provider: str
    model_version: str | None
    essay_results: list[EssayResult]
    assessment_metadata: dict[str, Any]
    assessed_at: AwareDatetime


class PhaseOutcome(Shape):
    batch_id: UUID
    phase_name: Phase
    phase_status: Literal["completed_successfully", "completed_with_failures", "failed_critically"]
    processed_essays: list[Ref]
    failed_essay_ids: list[UUID]
    correlation_id: UUID


class Ranking(Shape):
    essay_id: UUID
    rank: int
    score: float
    letter_grade: Grade
    confidence_score: Share
    confidence_label: Label


class AssessmentCompleted(Update):
    batch_id: UUID
    user_id: str
    assessment_job_id: str
    rankings_summary: list[Ranking]


class PhaseResult(Shape):
    phase_name: Phase
    status: str
    completed_count: int
    failed_count: int
    processing_time_seconds: float | None


class ResultsReady(Update):
    batch_id: UUID
    user_id: str
    total_essays: int
    completed_essays: int
    phase_results: dict[str, PhaseResult]
    overall_status: str
    processing_duration_seconds: float


class PipelineCompleted(Shape):
    event: Literal["batch.pipeline.completed"]
    batch_id: UUID
    completed_phases: list[Phase]
    final_status: Literal["completed_successfully", "completed_with_failures"]
    processing_duration_seconds: float
    successful_essay_count: int
    failed_essay_count: int
    correlation_id: UUID
    metadata: SystemMetadata


class Denied(Base):
    batch_id: UUID
    user_id: str
    org_id: str | None
    requested_pipeline: Phase
    denial_reason: Literal["insufficient_credits", "rate_limit_exceeded"]
    required_credits: int
    available_credits: int
    resource_breakdown: dict[str, int] | None
    denied_at: NaiveDatetime


class CreditSubject(Shape):
    type: Literal["user", "org"]
    id: str


class BalanceChanged(Shape):
    subject: CreditSubject
    delta: int
    new_balance: int
    reason: Literal["credit_operation"]
    correlation_id: str
