"""Bodies of the platform's events, as far as they are used: unknown keys are passed over.

Ids stay text here: `services.bff_teacher.events.facts` refuses those that are no UUIDs.
"""

from datetime import datetime
from typing import Literal

import msgspec

VERSION = 1
"""The only `schema_version` there is."""


class Envelope(msgspec.Struct, frozen=True):
    """The envelope of every event; `data` is decoded by the contract of its topic.

    The platform's relay makes a new one for each copy: neither `event_id` nor the time tells a
    copy from another event.
    """

    event_type: str
    event_timestamp: datetime
    data: msgspec.Raw
    schema_version: int = VERSION
    correlation_id: str = ""


class PipelineCommand(msgspec.Struct, frozen=True):
    """A start that the platform's gateway has answered with 202."""

    batch_id: str
    user_id: str
    requested_pipeline: str


class EssaysRegistered(msgspec.Struct, frozen=True):
    """`entity_id` is the batch. The orchestrator takes one with a class through the matching."""

    entity_id: str
    user_id: str
    expected_essay_count: int
    class_id: str | None = None


class FileAdded(msgspec.Struct, frozen=True):
    """A file was received, and not looked into; its name often holds a pupil's."""

    batch_id: str
    file_upload_id: str
    filename: str
    user_id: str
    timestamp: datetime


class ValidationFailed(msgspec.Struct, frozen=True):
    """`entity_id` is the batch."""

    entity_id: str
    file_upload_id: str
    validation_error_code: str
    timestamp: datetime
    original_file_name: str = ""


class SlotAssigned(msgspec.Struct, frozen=True):
    batch_id: str
    essay_id: str
    timestamp: datetime


class ProvisioningCompleted(msgspec.Struct, frozen=True):
    """All expected files are there."""

    batch_id: str
    user_id: str
    timestamp: datetime


class MatchResult(msgspec.Struct, frozen=True):
    """Suggested students are counted; their names and addresses are never decoded."""

    essay_id: str
    suggestions: tuple[msgspec.Raw, ...] = ()


class MatchesSuggested(msgspec.Struct, frozen=True):
    batch_id: str
    timestamp: datetime
    match_results: tuple[MatchResult, ...]


class AssociationsConfirmed(msgspec.Struct, frozen=True):
    """A person confirmed, or with `timeout_triggered` class management's timer."""

    batch_id: str
    timestamp: datetime
    timeout_triggered: bool


class EssaysReady(msgspec.Struct, frozen=True):
    batch_id: str


class PhaseOutcome(msgspec.Struct, frozen=True):
    """The essays are counted. `correlation_id` is that of the start, the same in all copies."""

    batch_id: str
    phase_name: Literal["spellcheck", "ai_feedback", "cj_assessment", "nlp", "student_matching"]
    phase_status: str
    correlation_id: str
    processed_essays: tuple[msgspec.Raw, ...] = ()
    failed_essay_ids: tuple[str, ...] = ()


class AssessmentFailed(msgspec.Struct, frozen=True):
    """The comparison will never end; no service of the platform hears it. `entity_id` is the batch."""

    entity_id: str
    timestamp: datetime
    cj_assessment_job_id: str


class PipelineDenied(msgspec.Struct, frozen=True):
    """A start was refused after its 202; `denied_at` is UTC without an offset."""

    batch_id: str
    user_id: str
    requested_pipeline: str
    denial_reason: str
    denied_at: datetime


class Ranking(msgspec.Struct, frozen=True):
    essay_id: str
    letter_grade: str | None = None
    confidence_score: float | None = None
    confidence_label: str | None = None


class AssessmentCompleted(msgspec.Struct, frozen=True):
    """The only event with grades and an owner."""

    batch_id: str
    user_id: str
    timestamp: datetime
    rankings_summary: tuple[Ranking, ...]
