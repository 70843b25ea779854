"""Answers in the platform's shapes, small and invented."""

import json

TEACHER = "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"
BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
CLASS = "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f"

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
