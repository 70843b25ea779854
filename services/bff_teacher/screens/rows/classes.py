"""Classes of CMS: their students without CMS's placeholder, and the activity in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched, Missing, Part, combined, optional
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, NotFound
from services.bff_teacher.contracts.cms import Class, ClassInfos, ClassPage, Roster, RosterStudent
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.class_list_v1 import TeacherClassV1
from services.bff_teacher.ports import Classes, Results, Students
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import DisabledParts, optional_unless_disabled, read_all
from services.bff_teacher.screens.rows.batches import as_utc_or_none
from services.bff_teacher.screens.rows.pages import visible_batches
from services.bff_teacher.screens.states import BatchStates, may_run
from services.bff_teacher.truth.facts import BatchTruth

ROSTERS_BUDGET = 1.5
"""Seconds for all rosters of an answer."""
CLASSES_PER_PAGE = 100
MAX_CLASS_PAGES = 10


@dataclass(frozen=True, slots=True)
class ClassMember:
    """A student and the teacher's class that they are in."""

    student: RosterStudent
    school_class: Class


@dataclass(frozen=True, slots=True)
class OwnStudents:
    """Students of the teacher's classes by student id in lower case.

    Without `is_complete`, a class or a student could not be read, so a missing id proves nothing.
    """

    members: dict[str, ClassMember]
    is_complete: bool = True


StudentCounts = dict[str, int]
"""Number of students by class id."""


async def read_own_students(
    classes: Classes, students: Students, ctx: RequestContext
) -> Fetched[OwnStudents]:
    """The students of the teacher's classes; of several classes of a student, the first counts.

    Raises:
        DownstreamError: CMS did not give the classes, or one of the rosters.
    """
    own = await _read_own_classes(classes, ctx)
    rosters = await _read_rosters(students, ctx, [one.id for one in own.value.classes])
    members: dict[str, ClassMember] = {}
    for school_class in own.value.classes:
        for student in rosters.value[school_class.id].students:
            if is_uuid(student.student_id):
                members.setdefault(student.student_id.lower(), ClassMember(student, school_class))
    readable = own.value.skipped == 0 and not any(one.skipped for one in rosters.value.values())
    return combined(OwnStudents(members, readable), (own, rosters))


async def read_student_counts(
    disabled: DisabledParts,
    students: Students,
    ctx: RequestContext,
    classes: Part[Sequence[Class]] | None,
) -> Part[StudentCounts] | None:
    """The part `student_counts`; missing or disabled together with `classes`.

    The rosters are counted, because CMS's own count includes the placeholder.
    """
    if classes is None or "student_counts" in disabled:
        return None
    if isinstance(classes, Missing):
        return classes
    class_ids = [one.id for one in classes.value if is_uuid(one.id)]
    rosters = await optional(_read_rosters(students, ctx, class_ids))
    if isinstance(rosters, Missing):
        return rosters
    counts = {class_id: len(one.students) for class_id, one in rosters.value.items()}
    return rosters.holding(counts)


async def find_own_class(classes: Classes, ctx: RequestContext, class_id: str) -> Fetched[Class]:
    """A class of the caller's, from the first page that has it.

    Raises:
        NotFound: It is none of them.
        DownstreamError: CMS did not give the classes, or not all of them.
    """
    is_readable = True
    for number in range(MAX_CLASS_PAGES):
        page = await classes.page(ctx, limit=CLASSES_PER_PAGE, offset=number * CLASSES_PER_PAGE)
        for one in page.value.classes:
            if one.id.lower() == class_id.lower():
                return page.holding(one)
        is_readable = is_readable and page.value.skipped == 0
        if is_readable and len(page.value.classes) < CLASSES_PER_PAGE:
            raise NotFound
    raise DownstreamFailed("cms", reason="unreadable_rows")


async def _read_own_classes(classes: Classes, ctx: RequestContext) -> Fetched[ClassPage]:
    """All classes as one page. CMS gives no total, so pages are read until one is not full."""
    pages: list[Fetched[ClassPage]] = []
    is_full = True
    for number in range(MAX_CLASS_PAGES):
        page = await classes.page(ctx, limit=CLASSES_PER_PAGE, offset=number * CLASSES_PER_PAGE)
        pages.append(page)
        is_full = len(page.value.classes) + page.value.skipped >= CLASSES_PER_PAGE
        if not is_full:
            break
    rows = [one for page in pages for one in page.value.classes]
    unique = {one.id: one for one in rows if is_uuid(one.id)}
    skipped = sum(page.value.skipped for page in pages)
    skipped += sum(not is_uuid(one.id) for one in rows) + is_full
    return combined(ClassPage(classes=tuple(unique.values()), skipped=skipped), pages)


async def _read_rosters(
    students: Students, ctx: RequestContext, class_ids: Sequence[str]
) -> Fetched[dict[str, Roster]]:
    """Rosters by class id."""
    hurried = replace(ctx, deadline=ctx.deadline.within(ROSTERS_BUDGET))
    rosters = await read_all(class_ids, lambda one: students.roster(hurried, one))
    values = {class_id: roster.value for class_id, roster in rosters.items()}
    return combined(values, list(rosters.values()))


@dataclass(frozen=True, slots=True)
class Activity:
    """The caller's newest batches and their classes, from which the activity is counted."""

    rows: Sequence[BatchSummary]
    infos: ClassInfos

    def unread(self, shown: Iterable[BatchSummary] = ()) -> list[BatchSummary]:
        """The rows whose states are to be read, without those that are equal to a shown one.

        CMS knows the class of a batch by its matches. So only unfinished batches with a class can
        have a match to review.
        """
        page = {row.batch_id: row for row in shown}
        return [
            row
            for row in self.rows
            if row.processing_completed_at is None
            and self.infos.get(row.batch_id.lower())
            and page.get(row.batch_id) != row
        ]


@dataclass(frozen=True, slots=True)
class ClassActivity:
    """Batches of a class among the newest, those that need the teacher, and the last change.

    `needs_attention` is None when it is not known of one of them.
    """

    recent_batches: int
    needs_attention: int | None
    last_activity_at: datetime | None


NO_ACTIVITY = ClassActivity(recent_batches=0, needs_attention=0, last_activity_at=None)
ActivityByClass = Mapping[str, ClassActivity]
"""Activity by class id in lower case."""


async def read_activity(
    disabled: DisabledParts, results: Results, classes: Classes, ctx: RequestContext
) -> Part[Activity] | None:
    """The part `class_activity`, without states."""

    async def read() -> Fetched[Activity]:
        newest = await results.newest(ctx)
        rows = visible_batches(newest.value, ctx.user_id)
        infos = await classes.of_batches(ctx, [row.batch_id for row in rows])
        return combined(Activity(rows, infos.value), (newest, infos))

    return await optional_unless_disabled(disabled, "class_activity", read)


def count_activity(
    activity: Activity,
    states: BatchStates,
    shown: Iterable[tuple[BatchSummary, BatchTruth]] = (),
) -> ActivityByClass:
    """Count rows by class. A row without a class is not counted.

    `shown` are the rows of the page with their states; `states` are those of the others.
    """
    page = {
        row.batch_id: (row, truth)
        for row, truth in shown
        # Of a finished batch that RAS has changed since, the page has read more.
        if row.processing_completed_at is None or not may_run(row)
    }
    by_class: dict[str, list[tuple[BatchSummary, bool | None]]] = {}
    for row in activity.rows:
        info = activity.infos.get(row.batch_id.lower())
        if info is not None:
            same, truth = page.get(row.batch_id, (None, None))
            known = truth if truth and row == same else states.truth_of(row)
            by_class.setdefault(info.class_id.lower(), []).append((row, known.needs_attention))
    return {
        class_id: ClassActivity(
            recent_batches=len(own),
            needs_attention=_count_known([needs for _, needs in own]),
            last_activity_at=as_utc(max([row.last_updated for row, _ in own])),
        )
        for class_id, own in by_class.items()
    }


def _count_known(needs: Sequence[bool | None]) -> int | None:
    return None if None in needs else sum(map(bool, needs))


def class_rows(
    classes: Iterable[Class], counts: StudentCounts | None, activity: ActivityByClass | None
) -> list[TeacherClassV1]:
    """Each class with a UUID once; `counts` and `activity` are None while they are not known."""
    unique = {one.id: one for one in classes if is_uuid(one.id)}
    rows = []
    for class_id, one in unique.items():
        own = activity.get(class_id.lower(), NO_ACTIVITY) if activity is not None else None
        rows.append(
            TeacherClassV1(
                class_id=class_id,
                name=one.name,
                course_code=one.course_code,
                student_count=(counts or {}).get(class_id),
                created_at=as_utc_or_none(one.created_at),
                recent_batches=own.recent_batches if own else None,
                needs_attention=own.needs_attention if own else None,
                last_activity_at=own.last_activity_at if own else None,
            )
        )
    return rows
