import pytest

from bff_core.errors import BffError, DownstreamFailed, DownstreamTimeout, NotAuthorized
from services.bff_teacher.contracts.cms import RosterStudent
from services.bff_teacher.dto.associations_v1 import StudentAssociationListV1
from tests.unit.bff_teacher.fakes import FakeClasses, FakeStudents, a_class, a_context, batch_id
from tests.unit.bff_teacher.screen_builders import names_of_parts, some_associations
from tests.unit.bff_teacher.screen_fakes import (
    FakeAssociations,
    FakeBatches,
    a_row,
    a_student,
    a_whole_batch,
    an_essay,
    essay_id,
    student_id,
)

CLASSES = FakeClasses([a_class(1), a_class(2)])
PLACEHOLDER = RosterStudent(
    student_id=student_id(99), first_name="UNKNOWN", last_name="STUDENT", email="u@huleedu.system"
)
STUDENTS = FakeStudents(
    {a_class(1).id: [a_student(1), a_student(2), PLACEHOLDER], a_class(2).id: [a_student(3)]}
)
BATCH = a_whole_batch(1, [an_essay(1), an_essay(2), an_essay(3)])


async def load(
    rows: FakeAssociations,
    *disabled: str,
    batches: FakeBatches | None = None,
    classes: FakeClasses = CLASSES,
    students: FakeStudents = STUDENTS,
) -> StudentAssociationListV1:
    screen = some_associations(
        batches=batches or FakeBatches([BATCH]),
        associations=rows,
        classes=classes,
        students=students,
        disabled=frozenset(disabled),
    )
    return await screen.load(a_context(), batch_id(1))


def suggestions(answer: StudentAssociationListV1) -> dict[str, str | None]:
    return {
        str(row.essay_id)[-3:]: (
            str(row.suggested_student.student_id)[-3:] if row.suggested_student else None
        )
        for row in answer.associations
    }


async def test_suggestion_has_a_name_and_a_class() -> None:
    answer = await load(FakeAssociations([a_row(1, 3)]))

    student = answer.associations[0].suggested_student
    assert student is not None
    assert (student.first_name, student.class_name) == ("Elev3", "Klass 2")


async def test_unmatched_essays_are_listed_when_results_know_them() -> None:
    answer = await load(FakeAssociations([a_row(1, 1)]))

    assert [row.must_be_decided for row in answer.associations] == [True, False, False]


async def test_essays_are_listed_without_names_when_results_know_none() -> None:
    batches = FakeBatches([a_whole_batch(1)])

    answer = await load(FakeAssociations([a_row(2, 1), a_row(1, 2)]), batches=batches)

    assert [(str(row.essay_id), row.filename) for row in answer.associations] == [
        (essay_id(1), None),
        (essay_id(2), None),
    ]


async def test_placeholder_is_neither_suggested_nor_offered() -> None:
    answer = await load(FakeAssociations([a_row(1, 99)]))

    assert suggestions(answer)["001"] is None
    assert answer.associations[0].must_be_decided
    assert answer.students is not None
    assert student_id(99) not in {str(student.student_id) for student in answer.students}


async def test_student_of_another_teacher_s_class_is_not_suggested() -> None:
    assert suggestions(await load(FakeAssociations([a_row(1, 77)])))["001"] is None


async def test_rosters_down_leave_suggestions_and_choices_null() -> None:
    students = FakeStudents(down=DownstreamTimeout("cms"))

    answer = await load(FakeAssociations([a_row(1, 1)]), students=students)

    assert (answer.students, suggestions(answer)["001"]) == (None, None)
    assert {part.name: part.code for part in answer.parts if part.code} == {"roster": "TIMEOUT"}


def said(answer: StudentAssociationListV1) -> list[str]:
    return [row.suggestion for row in answer.associations]


async def test_a_suggestion_is_known_or_there_is_none() -> None:
    answer = await load(FakeAssociations([a_row(1, 1), a_row(2, 77)]))

    assert said(answer) == ["known", "none", "none"]


@pytest.mark.parametrize("disabled", [(), ("roster",)])
async def test_without_rosters_a_suggestion_is_unknown_not_none(disabled: tuple[str, ...]) -> None:
    students = FakeStudents(down=DownstreamTimeout("cms"))

    answer = await load(FakeAssociations([a_row(1, 1)]), *disabled, students=students)

    assert said(answer) == ["unknown", "none", "none"]
    assert answer.associations[0].suggested_student is None


async def test_a_student_who_may_be_in_an_unread_row_of_a_roster_is_unknown() -> None:
    students = FakeStudents({a_class(1).id: [a_student(1)]}, skipped=1)

    answer = await load(FakeAssociations([a_row(1, 1), a_row(2, 2)]), students=students)

    assert said(answer) == ["known", "unknown", "none"]


async def test_a_student_who_may_be_in_an_unread_class_is_unknown() -> None:
    classes = FakeClasses([a_class(1)], skipped=1)

    answer = await load(FakeAssociations([a_row(1, 3)]), classes=classes)

    assert said(answer)[0] == "unknown"


async def test_an_essay_whose_row_may_be_unreadable_has_no_known_suggestion() -> None:
    answer = await load(FakeAssociations([a_row(1, 1)], skipped=1))

    assert said(answer) == ["known", "unknown", "unknown"]


async def test_parts_that_are_disabled_are_neither_fetched_nor_listed() -> None:
    students = FakeStudents(down=AssertionError("asked"))  # type: ignore[arg-type]

    answer = await load(FakeAssociations([a_row(1, 1)]), "roster", "filenames", students=students)

    assert names_of_parts(answer).isdisjoint({"roster", "filenames"})
    assert answer.associations[0].filename is None


@pytest.mark.parametrize(
    ("batches", "rows", "part"),
    [
        (FakeBatches(failures={batch_id(1): DownstreamFailed("ras")}), FakeAssociations(), "owner"),
        (None, FakeAssociations(down=DownstreamFailed("cms")), "associations"),
    ],
)
async def test_required_part_down_is_an_error_that_names_it(
    batches: FakeBatches | None, rows: FakeAssociations, part: str
) -> None:
    with pytest.raises(BffError) as failed:
        await load(rows, batches=batches)

    assert failed.value.details["part"] == part


async def test_another_teacher_s_batch_is_refused_before_cms_is_called() -> None:
    foreign = FakeBatches([a_whole_batch(1, user_id="erik-1")])
    broken = AssertionError("asked")

    with pytest.raises(NotAuthorized):
        await load(
            FakeAssociations(down=broken),  # type: ignore[arg-type]
            batches=foreign,
            classes=FakeClasses(down=broken),  # type: ignore[arg-type]
        )


async def test_teacher_of_very_many_classes_sees_the_students_of_all() -> None:
    many = [a_class(number) for number in range(150)]
    rosters = {one.id: [a_student(number)] for number, one in enumerate(many)}

    answer = await load(
        FakeAssociations(), classes=FakeClasses(many), students=FakeStudents(rosters)
    )

    assert answer.students is not None
    assert len(answer.students) == 150
