"""A class is shown to its teacher alone, and what is missing costs its own part."""

import pytest

from bff_core.errors import (
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from services.bff_teacher.contracts.cms import ClassInfo, RosterStudent
from services.bff_teacher.dto.class_page_v1 import TeacherClassPageV1
from services.bff_teacher.ports import BatchTitle, CurrentFacts
from services.bff_teacher.screens.class_page import ClassPageScreen
from tests.unit.bff_teacher.fakes import (
    START,
    FakeClasses,
    FakeResults,
    FakeStudents,
    MemoryTitles,
    a_batch,
    a_class,
    a_context,
    batch_id,
    info_of,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_student, a_whole_batch, an_essay
from tests.unit.bff_teacher.state_fakes import state_reads

KLASS = a_class(1)
PLACEHOLDER = RosterStudent(
    student_id=a_student(9).student_id,
    first_name="UNKNOWN",
    last_name="STUDENT",
    email="unknown@huleedu.system",
)
ROSTER = FakeStudents(
    rosters={KLASS.id: [a_student(2, last_name="Östlund"), a_student(1), PLACEHOLDER]}
)
DONE = {"overall_status": "completed_successfully", "processing_completed_at": START}
ROWS = [a_batch(1, **DONE), a_batch(2, **DONE), a_batch(3), a_batch(4)]
INFOS = {
    batch_id(1): info_of(KLASS),
    batch_id(2): ClassInfo(KLASS.id.upper(), KLASS.name),
    batch_id(3): info_of(KLASS),
    batch_id(4): info_of(a_class(2)),
}
SCORED = [an_essay(1, cj_score=0.5), an_essay(2, cj_score=1.5)]
WHOLE = FakeBatches([a_whole_batch(1, SCORED, **DONE), a_whole_batch(2, [an_essay(3)], **DONE)])


class Page:
    """The screen over its fakes, any of which may be replaced."""

    def __init__(self, *disabled: str, **replaced: object) -> None:
        classes = FakeClasses([KLASS, a_class(2)], INFOS)
        given: dict[str, object] = {
            "results": FakeResults(ROWS),
            "batches": WHOLE,
            "classes": classes,
            "students": ROSTER,
            "states": state_reads(),
            "titles": MemoryTitles({batch_id(1): BatchTitle("Krönikor", 1)}),
            "current": replaced.get("classes", classes),
        } | replaced
        current = given.pop("current")
        facts = CurrentFacts(FakeBatches(), current, FakeStudents(), FakeResults())  # type: ignore[arg-type]
        self.screen = ClassPageScreen(
            **given,  # type: ignore[arg-type]
            facts=facts,
            disabled=frozenset(disabled),
        )

    async def load(self, class_id: str = KLASS.id) -> TeacherClassPageV1:
        return await self.screen.load(a_context(), class_id)


def missing(answer: TeacherClassPageV1) -> dict[str, str | None]:
    return {part.name: part.code for part in answer.parts if part.status == "missing"}


async def test_a_class_has_its_students_its_batches_and_its_latest_results() -> None:
    answer = await Page().load()

    assert (answer.name, answer.course_code) == ("Klass 1", "SV1")
    assert answer.students is not None
    assert [one.last_name for one in answer.students] == ["Åberg", "Östlund"]
    assert answer.batches is not None
    assert [row.batch_id for row in answer.batches] == [batch_id(3), batch_id(2), batch_id(1)]
    assert answer.batches_complete is True
    assert answer.latest_results is not None
    assert (answer.latest_results.batch_id, answer.latest_results.title) == (
        batch_id(1),
        "Krönikor",
    )
    assert answer.latest_results.results.mean == 1.0
    assert missing(answer) == {}


async def test_no_student_s_address_and_no_placeholder_leave() -> None:
    answer = await Page().load()

    assert "huleedu.system" not in answer.model_dump_json()
    assert "UNKNOWN" not in answer.model_dump_json()


async def test_a_class_of_another_teacher_does_not_exist() -> None:
    with pytest.raises(NotFound):
        await Page().load(a_class(3).id)
    with pytest.raises(ValidationFailed):
        await Page().load("12")


async def test_a_class_beyond_the_first_page_is_found() -> None:
    classes = FakeClasses([a_class(number) for number in range(2, 252)] + [KLASS], INFOS)

    answer = await Page(classes=classes).load()

    assert answer.class_id == KLASS.id


async def test_a_new_class_is_found_though_the_cached_list_lacks_it() -> None:
    answer = await Page(classes=FakeClasses([], INFOS), current=FakeClasses([KLASS])).load()

    assert answer.name == KLASS.name


async def test_a_list_that_cannot_be_read_proves_nothing() -> None:
    with pytest.raises(DownstreamFailed) as raised:
        await Page(classes=FakeClasses([a_class(2)], skipped=1)).load()
    with pytest.raises(DownstreamUnreachable) as away:
        await Page(classes=FakeClasses(down=DownstreamUnreachable("cms"))).load()

    assert raised.value.details == {"service": "cms", "part": "class"}
    assert away.value.details["part"] == "class"


async def test_each_source_down_costs_its_own_part() -> None:
    without_roster = await Page(students=FakeStudents(down=DownstreamTimeout("cms"))).load()
    without_batches = await Page(results=FakeResults(down=DownstreamTimeout("ras"))).load()
    without_titles = await Page(titles=MemoryTitles(down=Unavailable())).load()
    gone = await Page(batches=FakeBatches()).load()

    assert (without_roster.students, missing(without_roster)) == (None, {"roster": "TIMEOUT"})
    assert (without_batches.batches, without_batches.latest_results) == (None, None)
    assert missing(without_batches) == {"class_batches": "TIMEOUT"}
    assert missing(without_titles) == {"titles": "SERVICE_UNAVAILABLE"}
    assert (gone.latest_results, missing(gone)) == (
        None,
        {"latest_results": "EXTERNAL_SERVICE_ERROR"},
    )


async def test_a_class_without_finished_batches_has_no_results() -> None:
    answer = await Page(results=FakeResults([a_batch(3)])).load()

    assert answer.latest_results is None
    assert missing(answer) == {}


async def test_more_batches_than_are_searched_are_told_of() -> None:
    many = FakeResults([a_batch(number) for number in range(501)])

    answer = await Page(results=many).load()

    assert answer.batches_complete is False


async def test_a_row_that_could_not_be_read_may_be_of_the_class() -> None:
    answer = await Page(results=FakeResults(ROWS, skipped=1)).load()

    assert (answer.batches_complete, answer.skipped) == (False, 1)


async def test_parts_that_are_disabled_are_neither_read_nor_listed() -> None:
    answer = await Page("roster", "latest_results", "titles", batches=FakeBatches()).load()

    names = [part.name for part in answer.parts]
    assert names == ["class", "class_batches", "phases", "validation"]
