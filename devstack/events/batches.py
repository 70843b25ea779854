"""Events of a batch from its registration until it is ready: BOS, FS, ELS, NLP and CMS."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from devstack.events.event import (
    Data,
    Event,
    Moment,
    base,
    naive,
    pick,
    references,
    stamp,
    system_metadata,
)

Batch = Mapping[str, Any]
"""`batch_id user_id class_id course_code expected_essay_count`, as the orchestrator has it."""
Upload = Mapping[str, Any]
"""`file_upload_id batch_id user_id filename size`."""
_FILES, _ESSAYS, _CLASSES = "file-service", "essay-lifecycle-service", "class_management_service"


def registered(batch: Batch, essay_ids: Sequence[str], prompt: str | None, when: Moment) -> Event:
    batch_id, name = batch["batch_id"], "batch.essays.registered"
    reference = {"references": {"student_prompt_text": {"storage_id": prompt, "path": ""}}}
    data = pick(batch, "course_code", "expected_essay_count", "user_id", "class_id") | {
        "event": name,
        "entity_id": batch_id,
        "essay_ids": list(essay_ids),
        "metadata": system_metadata(batch_id, when, name),
        "student_prompt_ref": None if prompt is None else reference,
        "org_id": None,
    }
    return Event(name, batch_id, "batch-service", when.correlation_id, data)


def file_added(upload: Upload, when: Moment) -> Event:
    return _file_event("batch.file.added", upload, when)


def file_removed(upload: Upload, when: Moment) -> Event:
    return _file_event("batch.file.removed", upload, when)


def _file_event(name: str, upload: Upload, when: Moment) -> Event:
    # The id in the data belongs to no request.
    data = stamp(name, when, str(uuid4()))
    data |= pick(upload, "batch_id", "file_upload_id", "filename", "user_id")
    return Event(f"file.{name}", upload["batch_id"], _FILES, when.correlation_id, data)


def content_provisioned(upload: Upload, raw_id: str, text_id: str, when: Moment) -> Event:
    texts: Data = {"text_storage_id": text_id, "content_md5_hash": None}
    return _checked_file("essay.content.provisioned", upload, raw_id, texts, when)


def validation_failed(
    upload: Upload, raw_id: str | None, code: str, message: str, when: Moment
) -> Event:
    detail: Data = {
        "error_code": code,
        "message": message,
        "correlation_id": when.correlation_id,
        "timestamp": when.text,
        "service": "file_service",
        "operation": "validate_content",
        "details": {},
        "stack_trace": None,
        "trace_id": None,
        "span_id": None,
    }
    reason: Data = {"validation_error_code": code, "validation_error_detail": detail}
    return _checked_file("essay.validation.failed", upload, raw_id, reason, when)


def _checked_file(
    name: str, upload: Upload, raw_id: str | None, outcome: Data, when: Moment
) -> Event:
    upload_id = upload["file_upload_id"]
    data = stamp(name, when) | {
        "entity_id": upload["batch_id"],
        "file_upload_id": upload_id,
        "original_file_name": upload["filename"],
        "raw_file_storage_id": raw_id or "STORAGE_FAILED",
        "file_size_bytes": upload["size"],
        **outcome,
    }
    return Event(f"file.{name}", upload_id, _FILES, when.correlation_id, data)


def slot_assigned(upload: Upload, essay_id: str, text_id: str, when: Moment) -> Event:
    name = "essay.slot.assigned"
    data = stamp(name, when) | pick(upload, "batch_id", "file_upload_id")
    data |= {"text_storage_id": text_id, "original_file_name": upload["filename"]}
    data["essay_id"] = essay_id
    return Event(f"els.{name}", essay_id, _ESSAYS, when.correlation_id, data)


def excess_content(upload: Upload, text_id: str, when: Moment) -> Event:
    name = "excess.content.provisioned"
    data = stamp(name, when) | {
        "batch_id": upload["batch_id"],
        "original_file_name": upload["filename"],
        "text_storage_id": text_id,
        "reason": "NO_AVAILABLE_SLOT",
    }
    return Event(f"els.{name}", upload["batch_id"], _ESSAYS, when.correlation_id, data)


def provisioning_completed(batch: Batch, essays: list[Data], when: Moment) -> Event:
    """`essays` have `essay_id` and `text_storage_id`."""
    name = "batch.content.provisioning.completed"
    data = stamp(name, when) | pick(batch, "batch_id", "course_code", "user_id")
    data |= {
        "provisioned_count": len(essays),
        "expected_count": batch["expected_essay_count"],
        "essays_for_processing": references(essays),
    }
    return Event(name, batch["batch_id"], _ESSAYS, when.correlation_id, data)


def matches_suggested(batch: Batch, results: list[Data], when: Moment) -> Event:
    """`results` come from `match_result`."""
    name = "batch.author.matches.suggested"
    matched = sum(bool(one["suggestions"]) for one in results)
    data = base(name, batch["batch_id"], when) | {
        **pick(batch, "batch_id", "class_id", "course_code"),
        "match_results": results,
        "processing_summary": {
            "total_essays": len(results),
            "processed": len(results),
            "matched": matched,
            "unmatched": len(results) - matched,
            "failed": 0,
        },
        "processing_metadata": {},
    }
    return Event(name, batch["batch_id"], "nlp-service", when.correlation_id, data)


def match_result(essay: Data, pupil: Mapping[str, Any] | None, confidence: float) -> Data:
    """The match of an essay with `essay_id` and `text_storage_id`; no `pupil` matches none."""
    sure = "HIGH_CONFIDENCE" if confidence >= 0.9 else "NEEDS_REVIEW"
    suggestion = pupil and {
        "student_id": pupil["student_id"],
        "student_name": f"{pupil['first_name']} {pupil['last_name']}",
        "student_email": pupil["email"],
        "confidence_score": confidence,
        "match_reasons": ["name"],
        "extraction_metadata": {"match_status": sure if confidence >= 0.7 else "NO_MATCH"},
    }
    return pick(essay, "essay_id", "text_storage_id") | {
        "filename": "",
        "suggestions": [suggestion] if suggestion else [],
        "no_match_reason": None if suggestion else "No matches found",
        "extraction_metadata": {},
    }


def associations_confirmed(
    batch: Batch, decided: list[Data], *, by: str, when: Moment, rejected: int = 0
) -> Event:
    """By a person; `decided` have `essay_id` and `student_id`. CMS sends its constant confidence."""
    rows = [_association(one, 0.95, "human", by, when.text) for one in decided]
    return _confirmed(batch, rows, rejected=rejected, by_timer=False, when=when)


def associations_timed_out(batch: Batch, decided: list[Data], when: Moment) -> Event:
    """By the timer; `decided` also have their `confidence_score`, 0 for a stand-in."""
    at = naive(when.at)
    rows = [
        _association(one, one["confidence_score"], "timeout", "SYSTEM_TIMEOUT", at)
        for one in decided
    ]
    return _confirmed(batch, rows, rejected=0, by_timer=True, when=when)


def _association(one: Data, confidence: float, method: str, by: str, at: str) -> Data:
    return pick(one, "essay_id", "student_id") | {
        "confidence_score": confidence,
        "validation_method": method,
        "validated_by": by,
        "validated_at": at,
    }


def _confirmed(
    batch: Batch, rows: list[Data], *, rejected: int, by_timer: bool, when: Moment
) -> Event:
    name, batch_id = "student.associations.confirmed", batch["batch_id"]
    counts = {"confirmed": len(rows), "rejected": rejected}
    data = base(name, batch_id, when) | {
        **pick(batch, "batch_id", "class_id", "course_code"),
        "associations": rows,
        "timeout_triggered": by_timer,
        "validation_summary": {"total_associations": len(rows) + rejected, **counts},
    }
    ids = pick(batch, "batch_id", "class_id") | {"partition_key": batch_id}
    return Event(f"class.{name}", batch_id, _CLASSES, when.correlation_id, data, ids)


def essays_ready(batch: Batch, essays: list[Data], when: Moment) -> Event:
    name, batch_id = "batch.essays.ready", batch["batch_id"]
    data = {
        "event": name,
        "batch_id": batch_id,
        "ready_essays": references(essays),
        "metadata": system_metadata(batch_id, when, name),
        "course_code": batch["course_code"],
        "course_language": "sv" if batch["course_code"].startswith("SV") else "en",
        "student_prompt_ref": None,
        # ELS goes by the organisation, which no demo teacher has.
        "class_type": "GUEST",
    }
    return Event(f"els.{name}", batch_id, _ESSAYS, when.correlation_id, data)
