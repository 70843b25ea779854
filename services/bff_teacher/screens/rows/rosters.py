"""Students of a teacher's own classes, without CMS's placeholder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bff_core.composition import Fetched, Missing, Part, fan_out, optional
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, NotFound
from services.bff_teacher.contracts.cms import Class, ClassPage, Roster, RosterStudent
from services.bff_teacher.ports import Classes, Students
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import DisabledParts, combined

CONCURRENT_ROSTERS = 8
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
    """Rosters by class id, a few at a time."""
    hurried = replace(ctx, deadline=ctx.deadline.within(ROSTERS_BUDGET))
    rosters: dict[str, Fetched[Roster]] = {}
    waiting = iter(class_ids)

    async def read_in_turn() -> None:
        for class_id in waiting:
            rosters[class_id] = await students.roster(hurried, class_id)

    async with fan_out() as group:
        for _ in class_ids[:CONCURRENT_ROSTERS]:
            group.create_task(read_in_turn())
    return combined({key: rosters[key].value for key in class_ids}, list(rosters.values()))
