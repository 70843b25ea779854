"""Screen 1, continued: the teacher's classes, a page at a time."""

from dataclasses import dataclass

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassPage
from services.bff_teacher.dto.class_list_v1 import ClassListQuery, TeacherClassListV1
from services.bff_teacher.ports import Classes, Results, Students
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    value_of,
)
from services.bff_teacher.screens.rows.classes import (
    Activity,
    StudentCounts,
    class_rows,
    count_activity,
    read_activity,
    read_student_counts,
)
from services.bff_teacher.screens.states import BatchStates, StateReads, state_parts


@dataclass(frozen=True, slots=True)
class ClassListScreen:
    """Required: `classes`. Optional: `student_counts`, `class_activity`, `phases`, `validation`.

    Student counts wait for the page, whose ids they need; activity runs concurrently with both.
    """

    results: Results
    classes: Classes
    students: Students
    states: StateReads
    disabled: DisabledParts

    async def load(self, ctx: RequestContext, query: ClassListQuery) -> TeacherClassListV1:
        """One page. CMS gives no total, so one class more is read to see whether more follow.

        Raises:
            DownstreamError: CMS did not give the classes.
        """
        async with fan_out() as group:
            activity_task = group.create_task(self._activity(ctx))
            read = self.classes.page(ctx, limit=query.limit + 1, offset=query.offset)
            page = await required("classes", read)
            shown = page.holding(page.value.classes[: query.limit])
            counts = await read_student_counts(self.disabled, self.students, ctx, shown)
        return render(query, page, counts, *activity_task.result())

    async def _activity(
        self, ctx: RequestContext
    ) -> tuple[Part[Activity] | None, BatchStates | None]:
        activity = await read_activity(self.disabled, self.results, self.classes, ctx)
        known = value_of(activity)
        return activity, await self.states.read(ctx, known.unread()) if known else None


def render(
    query: ClassListQuery,
    page: Fetched[ClassPage],
    counts: Part[StudentCounts] | None,
    activity: Part[Activity] | None,
    states: BatchStates | None,
) -> TeacherClassListV1:
    found, skipped = page.value.classes, page.value.skipped
    shown = found[: query.limit]
    known = value_of(activity)
    counted = count_activity(known, states) if known and states else None
    rows = class_rows(shown, value_of(counts), counted)
    return TeacherClassListV1(
        classes=rows,
        limit=query.limit,
        offset=query.offset,
        has_more=len(found) + skipped > query.limit,
        skipped=skipped + len(shown) - len(rows),
        parts=describe_parts(
            {
                "classes": page,
                "student_counts": counts,
                "class_activity": activity,
                **state_parts(*([states] if states else [])),
            }
        ),
    )
