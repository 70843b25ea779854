"""A row of RAS and its class joined into an item of the dashboard."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.screens.rows.batches import dashboard_item
from services.bff_teacher.truth.batch import batch_truth
from services.bff_teacher.truth.facts import UNKNOWN, Matching
from tests.unit.bff_teacher.fakes import a_batch, batch_id
from tests.unit.bff_teacher.state_fakes import NOON, phases

SPELLCHECKED = {
    "name": "spellcheck",
    "status": "completed",
    "started_at": None,
    "completed_at": NOON,
}
CLASS = "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f"


@pytest.fixture
def finished() -> BatchSummary:
    return a_batch(
        1,
        batch_id=batch_id(1).upper(),
        assignment_id="sv1-chronicle",
        overall_status="completed_with_failures",
        essay_count=25,
        completed_essay_count=23,
        failed_essay_count=2,
        requested_pipeline="cj_assessment",
        created_at=datetime(2026, 1, 30, 8, 55, 20, 103311),  # noqa: DTZ001 - as RAS sends it
        last_updated=datetime(2026, 1, 30, 9, 33, 50, 600172),  # noqa: DTZ001 - the same
        processing_completed_at=datetime(2026, 1, 30, 9, 33, 50),  # noqa: DTZ001 - the same
    )


def test_every_value_has_its_place(finished: BatchSummary) -> None:
    row = finished
    truth = batch_truth(row, phases(spellcheck="completed_successfully"), UNKNOWN, None, None)

    item = asdict(dashboard_item(row, truth, ClassInfo(CLASS.upper(), "SA1B"), None))

    allowed = [one["name"] for one in item.pop("actions") if one["allowed"]]
    assert allowed == ["retry", "export", "set_title"]
    assert item == {
        "batch_id": batch_id(1).upper(),
        "batch_code": "00000000",
        "title": "sv1-chronicle",
        "title_source": "assignment",
        "class_id": CLASS.upper(),
        "class_name": "SA1B",
        "status": "completed_with_failures",
        "status_source": "ras",
        "processing_phase": None,
        "phases": [SPELLCHECKED],
        "attention": None,
        "deviation_count": None,
        "auto_confirm_deadline": None,
        "waits_for": None,
        "placed_files": None,
        "rejected_files": None,
        "start_denied": None,
        "total_essays": 25,
        "completed_essays": 23,
        "failed_essays": 2,
        "progress_percent": 100,
        "requested_pipeline": "cj_assessment",
        "is_final": True,
        "created_at": datetime(2026, 1, 30, 8, 55, 20, 103311, UTC),
        "last_updated": datetime(2026, 1, 30, 9, 33, 50, 600172, UTC),
        "completed_at": datetime(2026, 1, 30, 9, 33, 50, tzinfo=UTC),
    }


def test_matches_that_wait_are_told_under_both_names() -> None:
    row = a_batch(1, overall_status="pending_content")
    truth = batch_truth(row, phases(), UNKNOWN, Matching(total=20, pending=20, since=NOON), None)

    shown = dashboard_item(row, truth, None, None)

    deadline = NOON + timedelta(hours=24)
    assert shown.attention is not None
    assert asdict(shown.attention) == {
        "kind": "student_matching",
        "pending": 20,
        "uncertain": None,
        "unmatched": 5,
        "auto_confirm_from": deadline,
        "auto_confirm_by": NOON + timedelta(hours=25),
        "confirmed_at": None,
    }
    assert (shown.deviation_count, shown.auto_confirm_deadline) == (20, deadline)


def test_what_is_not_known_is_null() -> None:
    row = a_batch(1)

    shown = dashboard_item(row, batch_truth(row, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN), None, None)

    assert (shown.title, shown.class_id, shown.class_name) == ("Untitled Batch", None, None)
    assert (shown.status, shown.status_source, shown.phases) == (None, None, None)
    assert (shown.requested_pipeline, shown.progress_percent) == (None, None)
    assert (shown.is_final, shown.completed_at) == (False, None)
