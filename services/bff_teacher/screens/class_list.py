"""Screen 1, continued: the teacher's classes, a page at a time."""

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassPage
from services.bff_teacher.dto.class_list_v1 import ClassListQuery, TeacherClassListV1
from services.bff_teacher.protocols import Classes, Results, Students
from services.bff_teacher.screens.class_activity import Activities, class_rows, read_activity
from services.bff_teacher.screens.parts import asked, listed, value_of
from services.bff_teacher.screens.rosters import Sizes, sizes_of


class ClassListScreen:
    """Required: `classes`. Optional: `student_counts`, `class_activity`.

    Student counts wait for the page, whose ids they need; activity runs beside both.
    """

    def __init__(
        self, results: Results, classes: Classes, students: Students, disabled: frozenset[str]
    ) -> None:
        self._results = results
        self._classes = classes
        self._students = students
        self._disabled = disabled

    async def load(self, ctx: RequestContext, query: ClassListQuery) -> TeacherClassListV1:
        """One page. CMS knows no total, so one class more than the page tells whether more come.

        Raises:
            DownstreamError: CMS did not give the classes.
        """
        async with fan_out() as group:
            counted = group.create_task(self._counted_page(ctx, query))
            activity = await asked(self._disabled, "class_activity", lambda: self._activity(ctx))
        page, sizes = counted.result()
        return render(query, page, sizes, activity)

    async def _counted_page(
        self, ctx: RequestContext, query: ClassListQuery
    ) -> tuple[Fetched[ClassPage], Part[Sizes] | None]:
        ask = self._classes.of_teacher(ctx, limit=query.limit + 1, offset=query.offset)
        page = await required("classes", ask)
        shown = page.value.classes[: query.limit]
        return page, await sizes_of(self._disabled, self._students, ctx, page, shown)

    async def _activity(self, ctx: RequestContext) -> Fetched[Activities]:
        return await read_activity(self._results, self._classes, ctx)


def render(
    query: ClassListQuery,
    page: Fetched[ClassPage],
    sizes: Part[Sizes] | None,
    activity: Part[Activities] | None,
) -> TeacherClassListV1:
    found = page.value.classes
    rows = class_rows(page.value, query.limit, value_of(sizes), value_of(activity))
    return TeacherClassListV1(
        classes=rows,
        limit=query.limit,
        offset=query.offset,
        has_more=len(found) + page.value.skipped > query.limit,
        skipped=page.value.skipped + len(found[: query.limit]) - len(rows),
        parts=listed({"classes": page, "student_counts": sizes, "class_activity": activity}),
    )
