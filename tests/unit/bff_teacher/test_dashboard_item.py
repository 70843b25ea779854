"""A row of RAS and its class joined into an item of the dashboard."""

from dataclasses import asdict
from datetime import UTC, datetime

from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.screens.rows.batches import dashboard_item
from tests.unit.bff_teacher.fakes import a_batch, batch_id

CLASS = "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f"


def test_every_value_has_its_place() -> None:
    row = a_batch(
        1,
        batch_id=batch_id(1).upper(),
        assignment_id="sv1-chronicle",
        overall_status="completed_with_failures",
        essay_count=25,
        completed_essay_count=23,
        failed_essay_count=2,
        requested_pipeline="cj_assessment",
        current_phase="nlp",
        created_at=datetime(2026, 1, 30, 8, 55, 20, 103311),  # noqa: DTZ001 - as RAS sends it
        last_updated=datetime(2026, 1, 30, 9, 33, 50, 600172),  # noqa: DTZ001 - the same
        processing_completed_at=datetime(2026, 1, 30, 9, 33, 50),  # noqa: DTZ001 - the same
    )

    assert asdict(dashboard_item(row, ClassInfo(CLASS.upper(), "SA1B"))) == {
        "batch_id": batch_id(1).upper(),
        "title": "sv1-chronicle",
        "class_id": CLASS.upper(),
        "class_name": "SA1B",
        "status": "completed_with_failures",
        "total_essays": 25,
        "completed_essays": 23,
        "failed_essays": 2,
        "progress_percent": 100,
        "requested_pipeline": "cj_assessment",
        "current_phase": "nlp",
        "is_final": True,
        "created_at": datetime(2026, 1, 30, 8, 55, 20, 103311, UTC),
        "last_updated": datetime(2026, 1, 30, 9, 33, 50, 600172, UTC),
        "completed_at": datetime(2026, 1, 30, 9, 33, 50, tzinfo=UTC),
    }


def test_what_is_not_known_is_null() -> None:
    shown = dashboard_item(a_batch(1), None)

    assert (shown.title, shown.class_id, shown.class_name) == ("Untitled Batch", None, None)
    assert (shown.requested_pipeline, shown.current_phase) == (None, None)
    assert (shown.is_final, shown.completed_at) == (False, None)
