"""CMS's placeholder student is never counted."""

from bff_core.errors import DownstreamTimeout
from services.bff_teacher.contracts.cms import RosterStudent
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.dto.class_list_v1 import ClassListQuery, TeacherClassListV1
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeStudents,
    a_class,
    a_context,
)
from tests.unit.bff_teacher.screen_builders import a_class_list, a_dashboard

MAJA = RosterStudent(student_id="s-1", first_name="Maja", last_name="Lindqvist")
PLACEHOLDER = RosterStudent(
    student_id="s-2",
    first_name="UNKNOWN",
    last_name="STUDENT",
    email=f"unknown.{a_class(1).id}@HuleEdu.System",
)
ONE_CLASS = FakeClasses([a_class(1)])
BOTH = FakeStudents({a_class(1).id: [MAJA, PLACEHOLDER]})


async def listed(students: FakeStudents, *disabled: str) -> TeacherClassListV1:
    screen = a_class_list(classes=ONE_CLASS, students=students, disabled=frozenset(disabled))
    return await screen.load(a_context(), ClassListQuery())


async def test_placeholder_is_not_counted_in_the_list() -> None:
    assert (await listed(BOTH)).classes[0].student_count == 1


async def test_placeholder_is_not_counted_on_the_dashboard() -> None:
    screen = a_dashboard(classes=ONE_CLASS, students=BOTH)

    answer = await screen.load(a_context(), DashboardQuery())

    assert answer.classes is not None
    assert answer.classes[0].student_count == 1


async def test_rosters_down_leave_the_count_null_and_say_so() -> None:
    answer = await listed(FakeStudents(down=DownstreamTimeout("cms")))

    assert answer.classes[0].student_count is None
    assert {p.name: p.code for p in answer.parts if p.code} == {"student_counts": "TIMEOUT"}


async def test_counts_that_are_disabled_are_not_listed() -> None:
    answer = await listed(BOTH, "student_counts")

    assert answer.classes[0].student_count is None
    assert "student_counts" not in {part.name for part in answer.parts}


async def test_counts_are_as_old_as_the_oldest_roster() -> None:
    old, new = a_class(1), a_class(2)
    students = FakeStudents({old.id: [MAJA, PLACEHOLDER]}, ages={old.id: 7.0})
    screen = a_class_list(classes=FakeClasses([old, new]), students=students)

    answer = await screen.load(a_context(), ClassListQuery())

    assert [row.student_count for row in answer.classes] == [1, 0]
    assert {part.name: part.age_seconds for part in answer.parts}["student_counts"] == 7.0
