"""Screen 4: which essay CMS takes to be whose, and whom the teacher may choose instead."""

from collections.abc import Iterable, Mapping

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms_associations import Association, AssociationPage
from services.bff_teacher.contracts.ras_batch import BatchWithEssays
from services.bff_teacher.dto.associations_v1 import (
    ClassStudentV1,
    StudentAssociationListV1,
    StudentAssociationV1,
)
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.protocols import Associations, Batches, Classes, Students
from services.bff_teacher.screens.batch_row import maybe_utc
from services.bff_teacher.screens.ids import checked, is_uuid
from services.bff_teacher.screens.parts import asked, listed, value_of
from services.bff_teacher.screens.rosters import Pupil, own_pupils

Pupils = dict[str, Pupil]


class AssociationsScreen:
    """Required: `owner`, `associations`. Optional: `roster`, `filenames`.

    RAS says whose the batch is before CMS is asked; the file names come in the same answer.
    """

    def __init__(
        self,
        batches: Batches,
        associations: Associations,
        classes: Classes,
        students: Students,
        disabled: frozenset[str],
    ) -> None:
        self._batches = batches
        self._associations = associations
        self._classes = classes
        self._students = students
        self._disabled = disabled

    async def load(self, ctx: RequestContext, batch_id: str) -> StudentAssociationListV1:
        """The list to review.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is somebody else's.
            DownstreamError: RAS or CMS did not give what is required.
        """
        (batch_id,) = checked(batch_id=batch_id)
        batch = await required("owner", self._batches.one(ctx, batch_id))
        require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
        async with fan_out() as group:
            roster = group.create_task(asked(self._disabled, "roster", lambda: self._pupils(ctx)))
            ask = self._associations.suggested(ctx, batch_id)
            rows = await required("associations", ask)
        names = None if "filenames" in self._disabled else batch
        return render(batch, rows, roster.result(), names)

    async def _pupils(self, ctx: RequestContext) -> Fetched[Pupils]:
        return await own_pupils(self._classes, self._students, ctx)


def render(
    batch: Fetched[BatchWithEssays],
    rows: Fetched[AssociationPage],
    roster: Part[Pupils] | None,
    names: Fetched[BatchWithEssays] | None,
) -> StudentAssociationListV1:
    """The join: an essay with a suggestion, and any other that RAS knows."""
    pupils = value_of(roster)
    suggested = {row.essay_id: row for row in rows.value.associations if is_uuid(row.essay_id)}
    essays = {essay.essay_id for essay in batch.value.essays if is_uuid(essay.essay_id)}
    filenames = {essay.essay_id: essay.filename for essay in (names.value.essays if names else ())}
    shown = [
        _row(essay_id, filenames.get(essay_id), suggested.get(essay_id), pupils or {})
        for essay_id in essays | set(suggested)
    ]
    parts = {"owner": batch, "associations": rows, "roster": roster, "filenames": names}
    return StudentAssociationListV1(
        batch_id=batch.value.batch_id,
        associations=sorted(shown, key=_by_file_name),
        students=None if pupils is None else _choices(pupils.values()),
        skipped=rows.value.skipped + len(rows.value.associations) - len(suggested),
        parts=listed(parts),
    )


def _row(
    essay_id: str, filename: str | None, row: Association | None, pupils: Mapping[str, Pupil]
) -> StudentAssociationV1:
    """A suggestion of somebody who is in none of the teacher's classes is not shown."""
    pupil = pupils.get(row.suggested_student_id.lower()) if row else None
    return StudentAssociationV1(
        essay_id=essay_id,
        filename=filename,
        must_be_decided=row is not None,
        suggested_student=_student(pupil) if pupil else None,
        suggested_at=maybe_utc(row.created_at) if row else None,
    )


def _student(pupil: Pupil) -> ClassStudentV1:
    return ClassStudentV1(
        student_id=pupil.student.student_id,
        first_name=pupil.student.first_name,
        last_name=pupil.student.last_name,
        class_id=pupil.school_class.id,
        class_name=pupil.school_class.name,
    )


def _choices(pupils: Iterable[Pupil]) -> list[ClassStudentV1]:
    return [_student(pupil) for pupil in sorted(pupils, key=_by_name)]


def _by_name(pupil: Pupil) -> tuple[str, str, str]:
    student = pupil.student
    return student.last_name, student.first_name, student.student_id.lower()


def _by_file_name(row: StudentAssociationV1) -> tuple[bool, str, str]:
    return row.filename is None, (row.filename or "").casefold(), str(row.essay_id)
