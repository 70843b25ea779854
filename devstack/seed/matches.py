"""Which essay CMS thinks belongs to which pupil: suggestions to review, and old decisions."""

from datetime import datetime, timedelta

from devstack.seed.model import Association, Batch, Student
from devstack.seed.statuses import BatchStatus

_BEFORE_MATCHING = frozenset(
    {
        BatchStatus.AWAITING_CONTENT_VALIDATION,
        BatchStatus.CONTENT_INGESTION_FAILED,
        BatchStatus.AWAITING_PIPELINE_CONFIGURATION,
    }
)
# Essays that the matcher found no name in: they have no row at all.
UNMATCHED_IN_REVIEW = 2
_CONFIDENCES = (0.97, 0.61, 0.88, 0.74, 0.99)


def associations_of(batch: Batch, members: list[Student], variant: str) -> list[Association]:
    if batch.class_id is None or batch.status in _BEFORE_MATCHING:
        return []
    students = [essay.author_id for essay in batch.essays if essay.author_id is not None]
    unknown = next((one.student_id for one in members if one.is_synthetic), None)
    if batch.status is BatchStatus.AWAITING_STUDENT_VALIDATION:
        suggested = _suggested(students, unknown if variant == "unknown" else None)
        return _rows(batch, suggested, "pending_validation")
    if batch.status is BatchStatus.VALIDATION_TIMEOUT_PROCESSED and unknown is not None:
        return _rows(batch, [unknown, *students[1:]], "confirmed")
    return _rows(batch, students, "confirmed")


def _suggested(students: list[str], unknown: str | None) -> list[str]:
    """The first two are mixed up, so that a teacher has something to put right."""
    suggested = [students[1], students[0], *students[2:-UNMATCHED_IN_REVIEW]]
    return [*suggested[:2], unknown, *suggested[3:]] if unknown else suggested


def _rows(batch: Batch, students: list[str], status: str) -> list[Association]:
    return [
        Association(
            essay_id=essay.essay_id,
            batch_id=batch.batch_id,
            class_id=batch.class_id or "",
            student_id=student,
            status=status,
            confidence=_CONFIDENCES[number % len(_CONFIDENCES)],
            created_at=_inserted(batch.created_at),
        )
        for number, (essay, student) in enumerate(zip(batch.essays, students, strict=False))
    ]


def _inserted(created: datetime) -> datetime:
    """All rows of a batch come from one insert and share its time."""
    return created + timedelta(minutes=3, seconds=20, microseconds=117_562)
