"""The students of a teacher's own classes, without the placeholder that CMS keeps among them."""

from asyncio import Semaphore
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from bff_core.composition import Fetched, Missing, Part, fan_out, optional
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import Class
from services.bff_teacher.contracts.cms_students import Roster, Student
from services.bff_teacher.ownership import pupils
from services.bff_teacher.protocols import Classes, Students
from services.bff_teacher.screens.derived import derived
from services.bff_teacher.screens.ids import is_uuid

AT_ONCE = 8
WITHIN = 1.5
"""Seconds for all rosters of an answer, however many classes there are."""
A_PAGE = 100
MOST_PAGES = 10


class Pupil(msgspec.Struct, frozen=True):
    """A student and the class in which the teacher has them."""

    student: Student
    school_class: Class


Sizes = dict[str, int]
"""Class id to how many students it has."""


async def own_pupils(
    classes: Classes, students: Students, ctx: RequestContext
) -> Fetched[dict[str, Pupil]]:
    """Everybody in the teacher's own classes, by student id in lower case.

    Raises:
        DownstreamError: CMS did not give the classes, or one of the rosters.
    """
    own = await _own_classes(classes, ctx)
    rosters = await _rosters(students, ctx, [one.id for one in own.value])
    found: dict[str, Pupil] = {}
    for one in own.value:
        for student_id, student in _choosable(rosters.value[one.id]).items():
            found.setdefault(student_id, Pupil(student, one))
    return Fetched(found, max(own.age, rosters.age), own.stale or rosters.stale)


async def sizes_of(
    disabled: frozenset[str],
    students: Students,
    ctx: RequestContext,
    page: Part[object] | None,
    classes: Sequence[Class] | None,
) -> Part[Sizes] | None:
    """The part `student_counts` of the classes of a page; missing with the page, off with it."""
    if page is None or "student_counts" in disabled:
        return None
    if isinstance(page, Missing):
        return page
    return await optional(class_sizes(students, ctx, classes or ()))


async def class_sizes(
    students: Students, ctx: RequestContext, classes: Sequence[Class]
) -> Fetched[Sizes]:
    """How many students classes have. CMS's own count includes the placeholder.

    Raises:
        DownstreamError: CMS did not give one of the rosters.
    """
    rosters = await _rosters(students, ctx, [one.id for one in classes if is_uuid(one.id)])
    return rosters.holding(
        {class_id: len(_pupils_of(roster)) for class_id, roster in rosters.value.items()}
    )


def _pupils_of(roster: Roster) -> list[Student]:
    return derived("pupils", lambda: pupils(roster), roster)


def _choosable(roster: Roster) -> dict[str, Student]:
    """Those whom their id can name, by that id in lower case; the first of an id counts."""

    def by_id() -> dict[str, Student]:
        found: dict[str, Student] = {}
        for one in _pupils_of(roster):
            if is_uuid(one.student_id):
                found.setdefault(one.student_id.lower(), one)
        return found

    return derived("choosable", by_id, roster)


async def _own_classes(classes: Classes, ctx: RequestContext) -> Fetched[list[Class]]:
    """All of them: CMS knows no total, so pages are read until one is not full."""
    found: dict[str, Class] = {}
    reading: Fetched[list[Class]] = Fetched([])
    for number in range(MOST_PAGES):
        page = await classes.of_teacher(ctx, limit=A_PAGE, offset=number * A_PAGE)
        found |= {one.id: one for one in page.value.classes if is_uuid(one.id)}
        age, stale = max(reading.age, page.age), reading.stale or page.stale
        reading = Fetched(list(found.values()), age, stale)
        if len(page.value.classes) + page.value.skipped < A_PAGE:
            break
    return reading


async def _rosters(
    students: Students, ctx: RequestContext, class_ids: Sequence[str]
) -> Fetched[dict[str, Roster]]:
    """Of all these classes. A task is begun for those alone that must be waited for."""
    looked_up = {class_id: students.roster_at_hand(ctx, class_id) for class_id in class_ids}
    away = [class_id for class_id, reading in looked_up.items() if reading is None]
    fetched = await _fetched(students, ctx, away) if away else {}
    return _together(
        {class_id: reading or fetched[class_id] for class_id, reading in looked_up.items()}
    )


async def _fetched(
    students: Students, ctx: RequestContext, class_ids: Sequence[str]
) -> dict[str, Fetched[Roster]]:
    hurried = replace(ctx, deadline=ctx.deadline.within(WITHIN))
    places = Semaphore(AT_ONCE)

    async def one(class_id: str) -> Fetched[Roster]:
        async with places:
            return await students.roster(hurried, class_id)

    async with fan_out() as group:
        calls = {class_id: group.create_task(one(class_id)) for class_id in class_ids}
    return {class_id: call.result() for class_id, call in calls.items()}


def _together(readings: Mapping[str, Fetched[Roster]]) -> Fetched[dict[str, Roster]]:
    return Fetched(
        {class_id: reading.value for class_id, reading in readings.items()},
        max((reading.age for reading in readings.values()), default=0.0),
        any(reading.stale for reading in readings.values()),
    )
