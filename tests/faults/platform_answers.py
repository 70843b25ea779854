"""Answers in the platform's shapes, small and invented."""

import json

from bff_core.testing import Reply

TEACHER = "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"
BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
CLASS = "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
SECOND = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d02"
MAJA = "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81"
NOBODY = "f0e1d2c3-b4a5-4968-8776-5544332211aa"
TEXT_ID = "9f2c4e6a8b0d1f3a5c7e9b1d3f5a7c9e"
PROMPT_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
PHASES_PATH = f"/internal/v1/batches/{BATCH}/pipeline-state"
REVIEW_PATH = f"/v1/batches/{BATCH}/student-associations"

ROW: dict[str, object] = {
    "batch_id": BATCH,
    "user_id": TEACHER,
    "assignment_id": "sv1-krönika",
    "overall_status": "completed_with_failures",
    "essay_count": 2,
    "completed_essay_count": 1,
    "failed_essay_count": 1,
    "requested_pipeline": None,
    "current_phase": None,
    "essays": [
        {"essay_id": "e1", "cj_score": 0.5, "spellcheck_error_detail": {"stack_trace": "x"}}
    ],
    "created_at": "2026-01-30T08:55:20.103311",
    "last_updated": "2026-01-30T09:33:50.600172",
    "processing_started_at": None,
    "processing_completed_at": "2026-01-30T09:33:50.600150",
    "student_prompt_ref": None,
}


def batch_page(*rows: object, total: int | None = None) -> bytes:
    count = len(rows) if total is None else total
    page = {"batches": rows, "pagination": {"limit": 20, "offset": 0, "total": count}}
    return json.dumps(page).encode()


BATCH_PAGE = batch_page(ROW)
CLASS_PAGE = json.dumps(
    {
        "classes": [
            {
                "id": CLASS,
                "name": "SA1B",
                "course_code": "SV1",
                "student_count": 24,
                "created_at": "2025-08-19T07:41:02.551208",
            }
        ],
        "pagination": {"limit": 100, "offset": 0, "returned": 1},
    }
).encode()
CLASS_INFO = json.dumps({BATCH: {"class_id": CLASS, "class_name": "SA1B"}}).encode()
BALANCE = b'{"user_balance":847,"org_balance":null,"org_id":null}'
PROFILE = json.dumps(
    {
        "person_name": {
            "first_name": "Anna",
            "last_name": "Lindqvist",
            "legal_full_name": "Anna Lindqvist",
        },
        "display_name": None,
        "locale": "sv-SE",
    }
).encode()

ESSAY_ROW: dict[str, object] = {
    "essay_id": ESSAY,
    "filename": "Maja_Lindqvist.docx",
    "file_upload_id": "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01",
    "spellcheck_status": "completed",
    "spellcheck_correction_count": 7,
    "spellcheck_corrected_text_storage_id": TEXT_ID,
    "spellcheck_error_detail": None,
    "cj_assessment_status": "completed",
    "cj_rank": 3,
    "cj_score": -0.25,
    "cj_assessment_error_detail": None,
    "last_updated": "2026-01-30T09:31:07.412003",
}
PROMPT = {"references": {"student_prompt_text": {"storage_id": PROMPT_ID, "path": ""}}}


def whole_batch(*essays: object, **changes: object) -> bytes:
    row = ROW | {"essays": essays, "student_prompt_ref": PROMPT} | changes
    return json.dumps(row).encode()


WHOLE_BATCH = whole_batch(ESSAY_ROW, ESSAY_ROW | {"essay_id": SECOND, "cj_score": 0.5})


def text(body: str) -> Reply:
    return Reply(body=body.encode(), headers={"Content-Type": "application/octet-stream"})


NO_ROUTE = Reply(404, b"<!doctype html><title>404</title>", {"Content-Type": "text/html"})
_NAME = {
    "essay_id": ESSAY,
    "student_id": MAJA,
    "student_person_name": {"first_name": "Maja", "last_name": "Lindqvist"},
}
NAME = json.dumps(_NAME).encode()
NAMES = json.dumps([_NAME]).encode()
ROSTER = json.dumps(
    {
        "students": [
            {
                "student_id": MAJA,
                "first_name": "Maja",
                "last_name": "Lindqvist",
                "full_legal_name": "Maja Lindqvist",
                "email": "maja@elev.example",
            },
            {
                "student_id": NOBODY,
                "first_name": "UNKNOWN",
                "last_name": "STUDENT",
                "full_legal_name": "UNKNOWN STUDENT",
                "email": f"unknown.{CLASS}@huleedu.system",
            },
        ]
    }
).encode()
ASSOCIATIONS = json.dumps(
    {
        "associations": [
            {
                "essay_id": ESSAY,
                "suggested_student_id": MAJA,
                "confidence_score": 0.95,
                "match_reasons": ["a constant"],
                "created_at": "2026-01-30T08:58:41.220914",
            }
        ]
    }
).encode()
CONFIRMED = b'{"status":"confirmed","associations_confirmed":1,"associations_rejected":0}'
STORED = Reply(201, json.dumps({"storage_id": "5" * 32, "correlation_id": "c"}).encode())
NEW_BATCH = "4c1f0d7e-52b1-4f0e-8d5c-6f1f6a3f9a77"
REGISTERED = Reply(
    202, json.dumps({"batch_id": NEW_BATCH, "correlation_id": "c", "status": "registered"}).encode()
)
UPLOADED = Reply(202, json.dumps({"batch_id": BATCH, "message": "m"}).encode())
REMOVED = Reply(200, json.dumps({"batch_id": BATCH, "message": "m"}).encode())
FILE_STATE = json.dumps(
    {
        "batch_id": BATCH,
        "lock_status": {
            "locked": True,
            "reason": "spellcheck processing has started",
            "locked_at": "2026-01-30T09:05:00+00:00",
            "current_phase": "spellcheck",
            "phase_status": "in_progress",
        },
    }
).encode()


def phases(batch: str = BATCH, spellcheck: str = "completed_successfully", **more: str) -> bytes:
    """The orchestrator's phases; those without a word were not asked for."""
    words = {"spellcheck": spellcheck, **more}
    skipped = dict.fromkeys(("nlp", "ai_feedback", "cj_assessment"), "skipped_by_user_config")
    states = {
        name: {"status": word, "started_at": None, "completed_at": None, "error_info": None}
        for name, word in (skipped | words).items()
    }
    pipeline = {"batch_id": batch, "requested_pipelines": list(words), **states}
    return json.dumps({"batch_id": batch, "pipeline_state": pipeline, "user_id": TEACHER}).encode()
