"""Screen 4: suggested matches of essays with students, and the students to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import AssociationPage, AssociationRow
from services.bff_teacher.contracts.ras import BatchWithEssays
from services.bff_teacher.dto.associations_v1 import (
    ClassStudentV1,
    StudentAssociationListV1,
    StudentAssociationV1,
    SuggestionV1,
)
from services.bff_teacher.ports import Associations, Batches, Classes, Students
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.owned_batch import read_own_batch
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import as_utc_or_none
from services.bff_teacher.screens.rows.classes import ClassMember, OwnStudents, read_own_students


@dataclass(frozen=True, slots=True)
class AssociationsScreen:
    """Required: `owner`, `associations`. Optional: `roster`, `filenames`.

    RAS gives the owner before CMS is called; the file names come in the same response.
    """

    batches: Batches
    associations: Associations
    classes: Classes
    students: Students
    disabled: DisabledParts

    async def load(self, ctx: RequestContext, batch_id: str) -> StudentAssociationListV1:
        """The list to review.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is another teacher's.
            DownstreamError: RAS or CMS did not give a required part.
        """
        batch = await read_own_batch(self.batches, ctx, batch_id, part="owner")
        async with fan_out() as group:
            roster_task = group.create_task(
                optional_unless_disabled(
                    self.disabled,
                    "roster",
                    lambda: read_own_students(self.classes, self.students, ctx),
                )
            )
            suggested = self.associations.suggested(ctx, batch.value.batch_id)
            rows = await required("associations", suggested)
        filenames = None if "filenames" in self.disabled else batch
        return render(batch, rows, roster_task.result(), filenames)


def render(
    batch: Fetched[BatchWithEssays],
    rows: Fetched[AssociationPage],
    roster: Part[OwnStudents] | None,
    filenames: Fetched[BatchWithEssays] | None,
) -> StudentAssociationListV1:
    """The join: every essay with a suggestion, and every other one that RAS knows."""
    own = value_of(roster)
    readable = [row for row in rows.value.associations if is_uuid(row.essay_id)]
    suggested = {row.essay_id.lower(): row for row in readable}
    essays = [essay for essay in batch.value.essays if is_uuid(essay.essay_id)]
    # Essays go out as RAS spells them, and only those that it does not know as CMS does.
    spelled = {row.essay_id.lower(): row.essay_id for row in readable}
    spelled |= {essay.essay_id.lower(): essay.essay_id for essay in essays}
    named = filenames.value.essays if filenames else ()
    name_of = {essay.essay_id.lower(): essay.filename for essay in named}
    listed = [
        _association(essay_id, name_of.get(key), suggested.get(key), own, rows.value)
        for key, essay_id in spelled.items()
    ]
    listed.sort(
        key=lambda row: (row.filename is None, (row.filename or "").casefold(), row.essay_id)
    )
    parts = {"owner": batch, "associations": rows, "roster": roster, "filenames": filenames}
    return StudentAssociationListV1(
        batch_id=batch.value.batch_id,
        associations=listed,
        students=None if own is None else _students_by_name(own.members),
        skipped=rows.value.skipped + len(rows.value.associations) - len(suggested),
        parts=describe_parts(parts),
    )


def _association(
    essay_id: str,
    filename: str | None,
    row: AssociationRow | None,
    own: OwnStudents | None,
    page: AssociationPage,
) -> StudentAssociationV1:
    """A suggested student who is in none of the teacher's classes is left out."""
    member = own.members.get(row.suggested_student_id.lower()) if own and row else None
    # Without a row, an essay may be that of a row which could not be read.
    readable = own is not None and own.is_complete if row else page.skipped == 0
    none_or_unknown: SuggestionV1 = "none" if readable else "unknown"
    return StudentAssociationV1(
        essay_id=essay_id,
        filename=filename,
        must_be_decided=row is not None,
        suggestion="known" if member else none_or_unknown,
        suggested_student=_class_student(member) if member else None,
        suggested_at=as_utc_or_none(row.created_at) if row else None,
    )


def _students_by_name(members: Mapping[str, ClassMember]) -> list[ClassStudentV1]:
    ordered = sorted(
        members.items(),
        key=lambda item: (item[1].student.last_name, item[1].student.first_name, item[0]),
    )
    return [_class_student(member) for _, member in ordered]


def _class_student(member: ClassMember) -> ClassStudentV1:
    return ClassStudentV1(
        student_id=member.student.student_id,
        first_name=member.student.first_name,
        last_name=member.student.last_name,
        class_id=member.school_class.id,
        class_name=member.school_class.name,
    )
