import pytest

from bff_core.errors import DownstreamFailed, DownstreamTimeout, DownstreamUnreachable
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.screens.dashboard import DashboardScreen
from tests.unit.bff_teacher.fakes import (
    ANNA,
    FakeClasses,
    FakeResults,
    FakeStudents,
    a_batch,
    a_class,
    a_context,
    batch_id,
    info_of,
)


async def load(
    results: FakeResults,
    classes: FakeClasses | None = None,
    disabled: frozenset[str] = frozenset(),
    **query: object,
) -> TeacherClassDashboardV1:
    screen = DashboardScreen(results, classes or FakeClasses(), FakeStudents(), disabled)
    return await screen.load(a_context(), DashboardQuery.model_validate(query))


def statuses(answer: TeacherClassDashboardV1) -> dict[str, str]:
    return {part.name: part.status for part in answer.parts}


async def test_batches_carry_the_names_of_their_classes() -> None:
    klass = a_class(1)
    classes = FakeClasses([klass], {batch_id(1): info_of(klass)})

    answer = await load(FakeResults([a_batch(1), a_batch(2)]), classes)

    assert [(str(b.batch_id), b.class_name) for b in answer.batches] == [
        (batch_id(2), None),
        (batch_id(1), "Klass 1"),
    ]


async def test_ids_leave_as_they_are_spelled_and_what_is_none_does_not() -> None:
    klass = a_class(1)
    upper = ClassInfo(klass.id.upper(), klass.name)
    infos = {batch_id(1): upper, batch_id(2): ClassInfo("12", klass.name)}

    answer = await load(FakeResults([a_batch(1), a_batch(2)]), FakeClasses([klass], infos))

    assert [(row.class_id, row.class_name) for row in answer.batches] == [
        (None, klass.name),
        (klass.id.upper(), klass.name),
    ]


async def test_a_complete_answer_lists_every_part_as_ok() -> None:
    answer = await load(FakeResults([a_batch(1)]))

    assert statuses(answer) == dict.fromkeys(
        ("batches", "classes", "student_counts", "class_names", "class_activity"), "ok"
    )


async def test_class_service_down_leaves_names_and_classes_out() -> None:
    classes = FakeClasses(down=DownstreamUnreachable("cms"), infos_down=DownstreamFailed("cms"))

    answer = await load(FakeResults([a_batch(1)]), classes)

    assert answer.batches[0].class_name is None
    assert answer.classes is None
    assert {p.name: p.code for p in answer.parts if p.status == "missing"} == {
        "classes": "CONNECTION_ERROR",
        "student_counts": "CONNECTION_ERROR",
        "class_names": "EXTERNAL_SERVICE_ERROR",
        "class_activity": "EXTERNAL_SERVICE_ERROR",
    }


async def test_results_down_is_an_error_that_names_its_part() -> None:
    with pytest.raises(DownstreamTimeout) as caught:
        await load(FakeResults(down=DownstreamTimeout("ras")))

    assert caught.value.details == {"service": "ras", "part": "batches"}


async def test_activity_down_leaves_class_counts_null() -> None:
    results = FakeResults([a_batch(1)], activity_down=DownstreamTimeout("ras"))

    answer = await load(results, FakeClasses([a_class(1)]))

    assert answer.classes is not None
    assert answer.classes[0].recent_batches is None
    assert statuses(answer)["class_activity"] == "missing"


async def test_a_part_that_is_disabled_is_neither_fetched_nor_listed() -> None:
    classes = FakeClasses(infos_down=AssertionError())  # type: ignore[arg-type]

    answer = await load(
        FakeResults([a_batch(1)]),
        classes,
        frozenset({"class_names", "class_activity", "student_counts"}),
    )

    assert statuses(answer) == {"batches": "ok", "classes": "ok"}


async def test_activity_counts_batches_that_want_the_teacher() -> None:
    klass = a_class(1)
    rows = [
        a_batch(1, overall_status="failed"),
        a_batch(2, overall_status="processing"),
        a_batch(3, overall_status="ready"),
    ]
    results = FakeResults(rows, words={batch_id(2): "awaiting_student_validation"})
    infos = {row.batch_id: info_of(klass) for row in rows}

    answer = await load(results, FakeClasses([klass], infos))

    assert answer.classes is not None
    shown = answer.classes[0]
    assert (shown.recent_batches, shown.needs_attention) == (3, 2)
    assert shown.last_activity_at is not None
    assert shown.last_activity_at.isoformat() == "2026-01-31T08:04:00+00:00"


@pytest.mark.parametrize(
    "odd",
    [
        {"batch_id": "legacy-batch-0001"},
        {"batch_id": "{00000000-0000-4000-8000-000000000009}"},
        {"overall_status": "paused"},
        {"user_id": "someone-else"},
    ],
)
async def test_a_row_that_cannot_be_shown_is_skipped_and_counted(odd: dict[str, str]) -> None:
    answer = await load(FakeResults([a_batch(1), a_batch(2, **odd)]))

    assert [str(b.batch_id) for b in answer.batches] == [batch_id(1)]
    assert (answer.skipped, answer.total_count) == (1, 2)


async def test_rows_that_could_not_be_decoded_are_counted_too() -> None:
    answer = await load(FakeResults([a_batch(1)], skipped=3))

    assert answer.skipped == 3


async def test_offset_past_the_end_keeps_the_true_total() -> None:
    answer = await load(FakeResults([a_batch(1), a_batch(2)]), offset=50)

    assert (answer.batches, answer.total_count) == ([], 2)


@pytest.mark.parametrize(
    ("done", "failed", "expected", "final", "percent"),
    [
        (0, 0, 25, False, 0),
        (12, 1, 25, False, 52),
        (24, 1, 25, False, 99),
        (24, 1, 25, True, 100),
        (30, 5, 25, True, 100),
        (0, 0, 0, False, 0),
        (3, 0, 0, True, 0),
    ],
)
async def test_progress_is_hundred_only_when_final(
    done: int, failed: int, expected: int, final: bool, percent: int
) -> None:
    row = a_batch(
        1,
        completed_essay_count=done,
        failed_essay_count=failed,
        essay_count=expected,
        processing_completed_at=a_batch(9).created_at if final else None,
    )

    answer = await load(FakeResults([row]))

    shown = answer.batches[0]
    assert (shown.progress_percent, shown.is_final) == (percent, final)


async def test_times_leave_with_their_zone() -> None:
    answer = await load(FakeResults([a_batch(1)]))

    assert '"created_at":"2026-01-31T08:01:00Z"' in answer.model_dump_json()


async def test_a_batch_without_assignment_has_a_title_all_the_same() -> None:
    rows = [a_batch(1), a_batch(2, assignment_id="sv1-krönika")]

    answer = await load(FakeResults(rows))

    assert [b.title for b in answer.batches] == ["sv1-krönika", "Untitled Batch"]


async def test_a_teacher_without_batches_gets_an_empty_page() -> None:
    answer = await load(FakeResults())

    assert (answer.batches, answer.total_count, answer.skipped) == ([], 0, 0)


async def test_the_owner_never_leaves() -> None:
    answer = await load(FakeResults([a_batch(1)]))

    assert ANNA not in answer.model_dump_json()
