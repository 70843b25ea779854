"""Bodies of the platform's events, as its services send them, with everything that is not read."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.bff_teacher.events.topics import topic_of

AT = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)


def an_id(number: int) -> str:
    return str(uuid.UUID(int=number))


BATCH, ESSAY, UPLOAD, STUDENT, START = (an_id(number) for number in (1, 2, 3, 4, 5))
TEACHER = "teacher-1"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def an_event(name: str, data: Mapping[str, Any], *, at: datetime = AT, **envelope: Any) -> bytes:
    """One copy as the relay sends it, with an id of its own."""
    body = {
        "event_id": str(uuid.uuid4()),
        "event_type": topic_of(name),
        "event_timestamp": stamp(at),
        "source_service": "some-service",
        "schema_version": 1,
        "correlation_id": START,
        "data_schema_uri": None,
        "data": data,
        "metadata": {},
    }
    return json.dumps(body | envelope).encode()


def command(batch: str = BATCH, *, user: str = TEACHER) -> dict[str, Any]:
    return {
        "batch_id": batch,
        "requested_pipeline": "cj_assessment",
        "client_correlation_id": START,
        "user_id": user,
        "is_retry": False,
    }


def registered(
    batch: str = BATCH, *, user: str = TEACHER, essays: int = 2, class_id: str | None = None
) -> dict[str, Any]:
    return {
        "event": "batch.essays.registered",
        "entity_id": batch,
        "expected_essay_count": essays,
        "essay_ids": [ESSAY] * essays,
        "metadata": {"entity_id": batch, "entity_type": "batch"},
        "course_code": "ENG6",
        "user_id": user,
        "class_id": class_id,
    }


def file_added(batch: str = BATCH, upload: str = UPLOAD, *, at: datetime = AT) -> dict[str, Any]:
    return {
        "event": "batch.file.added",
        "batch_id": batch,
        "file_upload_id": upload,
        "filename": "Elev Ett.docx",
        "user_id": TEACHER,
        "correlation_id": str(uuid.uuid4()),
        "timestamp": stamp(at),
    }


def rejected(
    batch: str = BATCH, upload: str = UPLOAD, *, code: str = "CONTENT_TOO_SHORT", at: datetime = AT
) -> dict[str, Any]:
    return {
        "event": "essay.validation.failed",
        "entity_id": batch,
        "file_upload_id": upload,
        "original_file_name": "Elev Ett.docx",
        "raw_file_storage_id": "a" * 32,
        "validation_error_code": code,
        "validation_error_detail": {"error_code": code, "message": "Elev Ett wrote too little"},
        "file_size_bytes": 12,
        "correlation_id": str(uuid.uuid4()),
        "timestamp": stamp(at),
    }


def placed(batch: str = BATCH, essay: str = ESSAY, *, at: datetime = AT) -> dict[str, Any]:
    return {
        "event": "essay.slot.assigned",
        "batch_id": batch,
        "essay_id": essay,
        "file_upload_id": UPLOAD,
        "text_storage_id": "b" * 32,
        "original_file_name": "Elev Ett.docx",
        "correlation_id": str(uuid.uuid4()),
        "timestamp": stamp(at),
    }


def provisioned(batch: str = BATCH, *, user: str = TEACHER, at: datetime = AT) -> dict[str, Any]:
    return {
        "event": "batch.content.provisioning.completed",
        "batch_id": batch,
        "provisioned_count": 2,
        "expected_count": 2,
        "course_code": "ENG6",
        "user_id": user,
        "essays_for_processing": [{"essay_id": ESSAY, "text_storage_id": "b" * 32}],
        "correlation_id": str(uuid.uuid4()),
        "timestamp": stamp(at),
    }


def matched(
    batch: str = BATCH, *, matched: int = 1, unmatched: int = 1, at: datetime = AT
) -> dict[str, Any]:
    suggestion = {
        "student_id": STUDENT,
        "student_name": "Elev Ett",
        "student_email": "elev.ett@example.org",
        "confidence_score": 0.85,
        "match_reasons": ["name"],
        "extraction_metadata": {"match_status": "NEEDS_REVIEW"},
    }
    found = [[suggestion]] * matched + [[]] * unmatched
    return {
        "event_name": "batch.author.matches.suggested",
        "entity_id": batch,
        "entity_type": "batch",
        "timestamp": stamp(at),
        "batch_id": batch,
        "class_id": an_id(9),
        "course_code": "ENG6",
        "match_results": [
            {"essay_id": an_id(100 + number), "text_storage_id": "b" * 32, "suggestions": found}
            for number, found in enumerate(found)
        ],
        "processing_summary": {"total_essays": matched + unmatched, "matched": matched},
    }


def confirmed(batch: str = BATCH, *, timeout: bool = False, at: datetime = AT) -> dict[str, Any]:
    return {
        "event_name": "student.associations.confirmed",
        "entity_id": batch,
        "timestamp": stamp(at),
        "batch_id": batch,
        "class_id": an_id(9),
        "course_code": "ENG6",
        "associations": [
            {
                "essay_id": ESSAY,
                "student_id": STUDENT,
                "confidence_score": 0.95,
                "validation_method": "timeout" if timeout else "human",
                "validated_by": "SYSTEM_TIMEOUT" if timeout else TEACHER,
                "validated_at": at.replace(tzinfo=None).isoformat() if timeout else stamp(at),
            }
        ],
        "timeout_triggered": timeout,
        "validation_summary": {"total_associations": 1, "confirmed": 1, "rejected": 0},
    }


def ready(batch: str = BATCH) -> dict[str, Any]:
    return {
        "event": "batch.essays.ready",
        "batch_id": batch,
        "ready_essays": [{"essay_id": ESSAY, "text_storage_id": "b" * 32}],
        "metadata": {"entity_id": batch, "entity_type": "batch"},
        "course_code": "ENG6",
        "course_language": "en",
        "class_type": "REGULAR",
    }


def outcome(
    batch: str = BATCH,
    phase: str = "spellcheck",
    status: str = "completed_with_failures",
    *,
    start: str = START,
) -> dict[str, Any]:
    return {
        "batch_id": batch,
        "phase_name": phase,
        "phase_status": status,
        "processed_essays": [{"essay_id": ESSAY, "text_storage_id": "b" * 32}],
        "failed_essay_ids": [an_id(7)],
        "correlation_id": start,
    }


def assessment_failed(batch: str = BATCH, *, job: str = "4", at: datetime = AT) -> dict[str, Any]:
    return {
        "event_name": "cj_assessment.failed",
        "entity_id": batch,
        "entity_type": "batch",
        "timestamp": stamp(at),
        "status": "failed_critically",
        "system_metadata": {"entity_id": batch, "entity_type": "batch", "error_info": {}},
        "cj_assessment_job_id": job,
    }


def denied(
    batch: str = BATCH, *, reason: str = "insufficient_credits", at: datetime = AT
) -> dict[str, Any]:
    return {
        "event_name": "pipeline.denied",
        "entity_id": batch,
        "timestamp": stamp(at),
        "batch_id": batch,
        "user_id": TEACHER,
        "requested_pipeline": "cj_assessment",
        "denial_reason": reason,
        "required_credits": 276,
        "available_credits": 50,
        "resource_breakdown": {"cj_comparison": 276},
        "denied_at": at.astimezone(UTC).replace(tzinfo=None).isoformat(),
    }


def assessed(
    batch: str = BATCH,
    grades: Sequence[tuple[str, str]] = ((ESSAY, "C+"),),
    *,
    user: str = TEACHER,
    at: datetime = AT,
) -> dict[str, Any]:
    return {
        "event_name": "batch.assessment.completed",
        "timestamp": stamp(at),
        "status": "completed_successfully",
        "system_metadata": {"entity_id": batch, "entity_type": "batch"},
        "batch_id": batch,
        "user_id": user,
        "assessment_job_id": "4",
        "rankings_summary": [
            {
                "essay_id": essay,
                "rank": rank,
                "score": 0.83,
                "letter_grade": grade,
                "confidence_score": 0.71,
                "confidence_label": "MID",
            }
            for rank, (essay, grade) in enumerate(grades, start=1)
        ],
    }
