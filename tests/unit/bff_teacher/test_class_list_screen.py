import pytest

from bff_core.errors import DownstreamFailed, DownstreamUnreachable
from services.bff_teacher.dto.class_list_v1 import ClassListQuery
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    a_batch,
    a_class,
    a_context,
    batch_id,
    info_of,
)
from tests.unit.bff_teacher.screen_builders import a_class_list, part_of


async def test_one_class_beyond_the_page_tells_that_more_come() -> None:
    classes = FakeClasses([a_class(n) for n in range(5)])
    screen = a_class_list(classes=classes)

    first = await screen.load(a_context(), ClassListQuery(limit=3))
    last = await screen.load(a_context(), ClassListQuery(limit=3, offset=3))

    assert ([c.name for c in first.classes], first.has_more) == (
        ["Klass 0", "Klass 1", "Klass 2"],
        True,
    )
    assert (len(last.classes), last.has_more) == (2, False)


async def test_a_quiet_class_shows_zero_not_null() -> None:
    screen = a_class_list(classes=FakeClasses([a_class(1)]))

    answer = await screen.load(a_context(), ClassListQuery())

    shown = answer.classes[0]
    assert (shown.recent_batches, shown.needs_attention, shown.last_activity_at) == (0, 0, None)


async def test_class_service_down_is_an_error_that_names_its_part() -> None:
    classes = FakeClasses(down=DownstreamUnreachable("cms"))
    screen = a_class_list(classes=classes)

    with pytest.raises(DownstreamUnreachable) as caught:
        await screen.load(a_context(), ClassListQuery())

    assert caught.value.details["part"] == "classes"


async def test_activity_is_as_old_as_its_oldest_source() -> None:
    screen = a_class_list(classes=FakeClasses([a_class(1)]))

    answer = await screen.load(a_context(), ClassListQuery())

    assert {part.name: part.age_seconds for part in answer.parts} == {
        "classes": 0.0,
        "student_counts": 0.0,
        "class_activity": 30.0,
        "phases": 0.0,
        "validation": 0.0,
    }


async def test_activity_without_class_names_is_missing() -> None:
    classes = FakeClasses([a_class(1)], infos_down=DownstreamFailed("cms"))
    screen = a_class_list(results=FakeResults([a_batch(1)]), classes=classes)

    answer = await screen.load(a_context(), ClassListQuery())

    assert answer.classes[0].recent_batches is None
    assert part_of(answer, "class_activity") == ("missing", "EXTERNAL_SERVICE_ERROR")


async def test_a_class_with_an_odd_id_is_skipped_and_counted() -> None:
    classes = FakeClasses([a_class(1), a_class(2, id="klass-2")])
    screen = a_class_list(classes=classes)

    answer = await screen.load(a_context(), ClassListQuery())

    assert ([c.name for c in answer.classes], answer.skipped) == (["Klass 1"], 1)


async def test_batches_of_others_do_not_count() -> None:
    klass = a_class(1)
    results = FakeResults([a_batch(1), a_batch(2, user_id="someone-else")])
    infos = {batch_id(1): info_of(klass), batch_id(2): info_of(klass)}
    screen = a_class_list(results=results, classes=FakeClasses([klass], infos))

    answer = await screen.load(a_context(), ClassListQuery())

    assert answer.classes[0].recent_batches == 1
