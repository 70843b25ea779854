"""Fixed responses of the downstream services, in the platform's shapes with invented data.

The last twelve digits of a batch's id are the number of its teacher, so that an upstream without
state can respond for any batch of any teacher. The serial before them is made of the offset of its
page and its place there, so that no two pages share a batch.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from benchmarks.situations import FINISHED, NOT_BEGUN, SITUATIONS, words_of

UNSET = 0xFEEDFACE
"""Placeholder for the batch's serial in a template; no batch has it."""
BATCHES, ESSAYS, CLASSES, STUDENTS = 20, 25, 4, 28
TEXT = ("Det var en gång en klass som skrev om sommaren, regnet och vägen hem. " * 60).encode()

FIRST_PLACE = 0x100
"""Serials of two pages are so far apart; a multiple of the number of situations."""
FIRST_FINISHED = 1000
"""All batches of teachers from this number on have finished."""
OTHER_PAGE = 0xFACADE
"""Placeholder for the offset of a page in a template; no scenario comes so far."""

Json = Mapping[str, object]
Template = Callable[[bytes], bytes]
"""A response that takes the id of its batch."""


def teacher_id(number: int) -> str:
    return f"7eac4e50-0000-4000-8000-{number:012d}"


def batch_id(serial: int, teacher: int) -> str:
    return f"{serial:08x}-ba7c-4000-8000-{teacher:012d}"


def essay_id(place: int, serial: int = UNSET) -> str:
    """Id of an essay; `serial` is that of its batch."""
    return f"e55a{place:04x}-0000-4000-8000-{serial:012x}"


def class_id(place: int) -> str:
    return f"c1a55{place:03x}-0000-4000-8000-000000000001"


def student_id(place: int, room: int = 0) -> str:
    return f"90911{place:03x}-{room:04x}-4000-8000-000000000001"


def batch_page(teacher: int, essays: int = ESSAYS, offset: int = 0) -> bytes:
    """RAS: a page of a teacher's batches, their essays included."""
    template = _page_template(teacher, essays)
    return template.replace(b'"%06x' % OTHER_PAGE, b'"%06x' % offset)


@cache
def _page_template(teacher: int, essays: int) -> bytes:
    first = OTHER_PAGE * FIRST_PLACE
    rows = [
        _batch(batch_id(first + place, teacher), teacher, essays, place) for place in range(BATCHES)
    ]
    return _json({"batches": rows, "pagination": {"limit": 20, "offset": 0, "total": 4000}})


@cache
def batch_template(essays: int = ESSAYS) -> Template:
    """RAS: one batch."""
    marker = batch_id(0, 0)
    whole = _json(_batch(marker, 0, essays, 0) | {"student_prompt_ref": _prompt(marker)})
    return _template(whole, marker)


@cache
def essay_template() -> Template:
    """RAS: the first essay of a batch."""
    marker = batch_id(0, 0)
    text = {"spellcheck_corrected_text_storage_id": marker.replace("-", "")[::-1]}
    owned = {"batch_id": marker, "user_id": teacher_id(0)}
    return _template(_json(_essay(0) | text | owned), marker)


@cache
def phases_template(place: int) -> Template:
    """BOS: the phases of the batch that stands at a place of the page."""
    marker = batch_id(0, 0)
    phases = {
        name: {
            "status": word,
            "started_at": None,
            "completed_at": "2026-01-30T09:07:24Z",
            "error_info": None,
            "progress_percentage": None,
        }
        for name, word in words_of(place).items()
    }
    requested = ["spellcheck", "cj_assessment"]
    state = {"batch_id": marker, "requested_pipelines": requested, **phases}
    body = {"batch_id": marker, "pipeline_state": state, "user_id": teacher_id(0)}
    return _template(_json(body), marker)


@cache
def student_names_template() -> Template:
    """CMS: the students of a batch."""
    return _template(_json([_student(place) for place in range(ESSAYS)]), batch_id(0, 0))


def student_name(of_essay: str) -> bytes:
    """CMS: the student of the first essay of a batch."""
    return _json({**_student(0), "essay_id": of_essay})


@cache
def associations_template() -> Template:
    # An hour ago: older matches are confirmed by CMS's timer.
    matched_at = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None).isoformat()
    rows = [
        {
            "essay_id": essay_id(place),
            "suggested_student_id": student_id(place),
            "confidence_score": 0.95,
            "match_reasons": ["Name found in the heading"],
            "created_at": matched_at,
        }
        for place in range(ESSAYS)
    ]
    return _template(_json({"associations": rows}), batch_id(0, 0))


@cache
def class_page() -> bytes:
    rows = [
        {
            "id": class_id(place),
            "name": f"SA{place}B",
            "course_code": "SV1",
            "student_count": STUDENTS,
            "created_at": "2025-08-19T07:41:02.551208",
        }
        for place in range(CLASSES)
    ]
    return _json({"classes": rows, "pagination": {"limit": 100, "offset": 0, "returned": CLASSES}})


@cache
def roster(room: int) -> bytes:
    rows = [
        {
            "student_id": student_id(place, room),
            "first_name": f"Maja{place}",
            "last_name": "Söderberg",
            "full_legal_name": f"Maja{place} Söderberg",
            "email": f"pupil{place}@school.example",
        }
        for place in range(STUDENTS)
    ]
    return _json({"students": rows})


def class_infos(batch_ids: list[str]) -> bytes:
    info = {
        one: {"class_id": class_id(place % CLASSES), "class_name": f"SA{place % CLASSES}B"}
        for place, one in enumerate(batch_ids)
    }
    return _json(info)


@cache
def file_state_template() -> Template:
    """The file service: the lock of a batch."""
    marker = batch_id(0, 0)
    lock = {
        "locked": True,
        "locked_at": "2026-01-30T09:07:24",
        "current_state": "PROCESSING",
        "current_phase": "cj_assessment",
        "phase_status": "in_progress",
        "reason": "Processing has begun",
    }
    return _template(_json({"batch_id": marker, "lock_status": lock}), marker)


@cache
def profile() -> bytes:
    name = {"first_name": "Anna", "last_name": "Bergman", "legal_full_name": "Anna Bergman"}
    return _json({"person_name": name, "display_name": "Anna B", "locale": "sv-SE"})


@cache
def balance() -> bytes:
    """Entitlements: the credits of any user."""
    return _json({"user_balance": 40, "org_balance": None, "org_id": None})


@cache
def batch_list() -> bytes:
    """A response of a BFF to the gateway."""
    return _json({"batches": [{"batch_id": batch_id(place, 0)} for place in range(100)]})


@cache
def maintenance() -> bytes:
    return _json({"namespace": "maintenance", "version": 0, "values": {"read_only": False}})


def _batch(own_id: str, teacher: int, essays: int, place: int) -> dict[str, object]:
    place_in_page = place % len(SITUATIONS)
    all_finished = teacher >= FIRST_FINISHED
    final = all_finished or place % 4 < 2
    listed = 0 if place_in_page == NOT_BEGUN and not all_finished else essays
    return {
        "batch_id": own_id,
        "user_id": teacher_id(teacher),
        "assignment_id": f"sv1-chronicle-{place}",
        "overall_status": FINISHED if all_finished else SITUATIONS[place_in_page][0],
        "essay_count": essays,
        "completed_essay_count": essays - 1,
        "failed_essay_count": 1 if final else 0,
        "requested_pipeline": "cj_assessment",
        "current_phase": None,
        "essays": [_essay(number) for number in range(listed)],
        "created_at": f"2026-01-{30 - place:02d}T08:55:20.103311",
        "last_updated": f"2026-01-{30 - place:02d}T09:33:50.600172",
        "processing_started_at": f"2026-01-{30 - place:02d}T09:00:00.000001",
        "processing_completed_at": f"2026-01-{30 - place:02d}T09:33:50.600150" if final else None,
        "student_prompt_ref": None,
    }


def _essay(place: int) -> dict[str, object]:
    return {
        "essay_id": essay_id(place),
        "filename": f"{place:02d} Söderberg.docx",
        "file_upload_id": f"5c1f0c5e-77f3-4b7e-bb0e-{place:012d}",
        "spellcheck_status": "completed",
        "spellcheck_correction_count": place % 11,
        "spellcheck_corrected_text_storage_id": f"{place:032x}",
        "spellcheck_error_detail": None,
        "cj_assessment_status": "completed",
        "cj_rank": place + 1,
        "cj_score": round(1.9 - place * 0.13, 4),
        "cj_assessment_error_detail": None,
        "last_updated": "2026-01-30T09:31:07.412003",
    }


def _prompt(own_id: str) -> Json:
    """Reference to the prompt's text, whose storage id is made of the batch's id."""
    stored = own_id.replace("-", "")
    return {"references": {"student_prompt_text": {"storage_id": stored, "path": ""}}}


def _student(place: int) -> Json:
    name = {"first_name": f"Maja{place}", "last_name": "Söderberg", "legal_full_name": "Maja S"}
    return {
        "essay_id": essay_id(place),
        "student_id": student_id(place),
        "student_person_name": name,
    }


def _template(whole: bytes, marker: str) -> Template:
    """Replaces the marker, and the ids derived from it (owner, essays, storage), by a batch's own."""
    unset = (marker, teacher_id(0), marker.replace("-", ""), essay_id(0)[8:])
    marks = [text.encode() for text in (*unset, unset[2][::-1])]

    def fill(own_id: bytes) -> bytes:
        stored = own_id.replace(b"-", b"")
        owner = teacher_id(int(own_id[-12:])).encode()
        essays = essay_id(0, int(own_id[:8], 16))[8:].encode()
        body = whole
        for mark, own in zip(marks, (own_id, owner, stored, essays, stored[::-1]), strict=True):
            body = body.replace(mark, own)
        return body

    return fill


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
