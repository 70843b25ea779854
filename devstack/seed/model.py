"""The demo platform's content as plain values; tests compare screens with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from devstack.seed.people import DemoUser
from devstack.seed.situations import Situation

UNKNOWN_EMAIL_DOMAIN = "@huleedu.system"


class BatchStatus(StrEnum):
    AWAITING_CONTENT_VALIDATION = "awaiting_content_validation"
    CONTENT_INGESTION_FAILED = "content_ingestion_failed"
    AWAITING_PIPELINE_CONFIGURATION = "awaiting_pipeline_configuration"
    READY_FOR_PIPELINE_EXECUTION = "ready_for_pipeline_execution"
    PROCESSING_PIPELINES = "processing_pipelines"
    AWAITING_STUDENT_VALIDATION = "awaiting_student_validation"
    STUDENT_VALIDATION_COMPLETED = "student_validation_completed"
    VALIDATION_TIMEOUT_PROCESSED = "validation_timeout_processed"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED_CRITICALLY = "failed_critically"
    CANCELLED = "cancelled"


_CLIENT_STATUSES = {
    BatchStatus.AWAITING_CONTENT_VALIDATION: "pending_content",
    BatchStatus.AWAITING_PIPELINE_CONFIGURATION: "pending_content",
    BatchStatus.READY_FOR_PIPELINE_EXECUTION: "ready",
    BatchStatus.COMPLETED_SUCCESSFULLY: "completed_successfully",
    BatchStatus.COMPLETED_WITH_FAILURES: "completed_with_failures",
    BatchStatus.CONTENT_INGESTION_FAILED: "failed",
    BatchStatus.FAILED_CRITICALLY: "failed",
    BatchStatus.CANCELLED: "cancelled",
}


_ORCHESTRATOR_STATUSES = {
    Situation.NOT_IN_RESULTS: BatchStatus.AWAITING_CONTENT_VALIDATION,
    Situation.REGISTERED: BatchStatus.AWAITING_CONTENT_VALIDATION,
    Situation.UPLOADING: BatchStatus.AWAITING_CONTENT_VALIDATION,
    Situation.UPLOAD_FAILED: BatchStatus.AWAITING_CONTENT_VALIDATION,
    Situation.MATCHING: BatchStatus.AWAITING_STUDENT_VALIDATION,
    Situation.AWAITING_CONFIRMATION: BatchStatus.AWAITING_STUDENT_VALIDATION,
    Situation.UNMATCHED: BatchStatus.AWAITING_STUDENT_VALIDATION,
}
_OPTIONAL_PHASES = ("nlp", "ai_feedback", "cj_assessment")


def client_status(status: BatchStatus) -> str:
    """The status that RAS sends for a stored one; every status not listed is `processing`."""
    return _CLIENT_STATUSES.get(status, "processing")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededStudent:
    student_id: str
    first_name: str
    last_name: str
    legal_full_name: str
    email: str | None
    created_by: str
    class_ids: tuple[str, ...]

    @property
    def is_synthetic(self) -> bool:
        """The stand-in that CMS's timeout monitor adds to a class."""
        return self.email is not None and self.email.endswith(UNKNOWN_EMAIL_DOMAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolClass:
    """`student_count` in CMS is `len(student_ids)`, the synthetic student included."""

    class_id: str
    name: str
    course_code: str
    owner_id: str
    created_at: datetime
    student_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededEssay:
    """`in_ras` is false for an uploaded essay of which RAS has no row yet."""

    essay_id: str
    batch_id: str
    filename: str
    file_upload_id: str
    in_ras: bool
    original_text_storage_id: str
    author_id: str | None
    last_updated: datetime
    spellcheck_status: str | None = None
    spellcheck_correction_count: int | None = None
    spellcheck_corrected_text_storage_id: str | None = None
    spellcheck_error_detail: Mapping[str, object] | None = None
    cj_assessment_status: str | None = None
    cj_rank: int | None = None
    cj_score: float | None = None
    cj_assessment_error_detail: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One pipeline phase as the orchestrator keeps it; the file service derives its lock from it.

    The first phase of a pipeline never gets a start time, and gets an end already at its dispatch.
    """

    name: str
    status: str
    started_at: datetime | None = None
    completed_at: datetime | None = None


def all_phases(*touched: Phase) -> tuple[Phase, ...]:
    """The orchestrator's four phases: the given ones, and the others as registration leaves them."""
    untouched = (
        Phase(name="spellcheck", status="pending_dependencies"),
        *(Phase(name=name, status="skipped_by_user_config") for name in _OPTIONAL_PHASES),
    )
    by_name = {phase.name: phase for phase in (*untouched, *touched)}
    return tuple(by_name.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededBatch:
    """`essay_count` is the expected number; `essays` holds every upload, in RAS or not.

    `status` is RAS's, which knows neither a batch that is ready or at work, nor one that waits for
    its teacher: `situation` tells them apart.
    """

    batch_id: str
    user_id: str
    situation: Situation
    status: BatchStatus
    assignment_id: str | None = None
    class_id: str | None = None
    course_code: str
    language: str
    essay_count: int
    completed_essay_count: int = 0
    failed_essay_count: int = 0
    created_at: datetime
    last_updated: datetime
    processing_started_at: datetime | None = None
    processing_completed_at: datetime | None = None
    prompt_storage_id: str | None = None
    essays: tuple[SeededEssay, ...] = ()
    phases: tuple[Phase, ...] = all_phases()
    later_pipeline: tuple[str, ...] | None = None

    @property
    def requested_pipelines(self) -> list[str]:
        """The last pipeline's phases in their order; spellcheck alone before the first start."""
        wanted = [one.name for one in self.phases if one.status != "skipped_by_user_config"]
        return list(self.later_pipeline or wanted)

    @property
    def orchestrator_status(self) -> str:
        """The orchestrator's own status, which stays the same from the first start on."""
        return _ORCHESTRATOR_STATUSES.get(self.situation, BatchStatus.READY_FOR_PIPELINE_EXECUTION)

    @property
    def orchestrated_at(self) -> datetime:
        """The orchestrator's last change of the pipeline."""
        times = [self.created_at]
        for phase in self.phases:
            times += [time for time in (phase.started_at, phase.completed_at) if time is not None]
        return max(times)

    @property
    def visible_essays(self) -> tuple[SeededEssay, ...]:
        """The essays that RAS lists."""
        return tuple(essay for essay in self.essays if essay.in_ras)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededAssociation:
    """A stored match of an essay and a pupil; CMS shows neither its status nor its confidence."""

    essay_id: str
    batch_id: str
    class_id: str
    student_id: str
    status: str
    created_at: datetime
    confidence_score: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    storage_id: str
    content_type: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """`stray_batches` belong to no demo login; only the orchestrator has `bos_only`.

    `credits` are balances by user id; a user without one has none.
    """

    base_date: datetime
    people: tuple[DemoUser, ...]
    classes: tuple[SchoolClass, ...]
    students: tuple[SeededStudent, ...]
    batches: tuple[SeededBatch, ...]
    stray_batches: tuple[SeededBatch, ...]
    associations: tuple[SeededAssociation, ...]
    texts: tuple[StoredText, ...]
    bos_only: tuple[SeededBatch, ...]
    credits: Mapping[str, int]

    def batches_of(self, user_id: str) -> list[SeededBatch]:
        """Newest first, the way RAS lists them."""
        mine = [batch for batch in self.batches if batch.user_id == user_id]
        return sorted(mine, key=lambda batch: batch.created_at, reverse=True)

    def classes_of(self, user_id: str) -> list[SchoolClass]:
        """Newest first, the way CMS lists them."""
        mine = [school_class for school_class in self.classes if school_class.owner_id == user_id]
        return sorted(mine, key=lambda school_class: school_class.created_at, reverse=True)

    def batches_in(self, *situations: Situation) -> list[SeededBatch]:
        """The batches in one of these situations, newest first."""
        return [batch for batch in self.batches if batch.situation in situations]

    def associations_of(self, batch_id: str) -> list[SeededAssociation]:
        return [row for row in self.associations if row.batch_id == batch_id]
