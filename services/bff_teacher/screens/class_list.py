"""Screen 1, continued: the teacher's classes, a page at a time."""

from bff_core.composition import Part, Reading, fan_out, optional, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassPage
from services.bff_teacher.dto.class_list_v1 import ClassListQuery, TeacherClassListV1
from services.bff_teacher.protocols import Classes, Results
from services.bff_teacher.screens.class_activity import Activities, class_rows, read_activity
from services.bff_teacher.screens.parts import listed, value_of


class ClassListScreen:
    """Required: `classes`. Optional: `class_activity`."""

    def __init__(self, results: Results, classes: Classes, disabled: frozenset[str]) -> None:
        self._results = results
        self._classes = classes
        self._disabled = disabled

    async def load(self, ctx: RequestContext, query: ClassListQuery) -> TeacherClassListV1:
        """One page. CMS knows no total, so one class more than the page tells whether more come.

        Raises:
            DownstreamError: CMS did not give the classes.
        """
        ask = self._classes.of_teacher(ctx, limit=query.limit + 1, offset=query.offset)
        async with fan_out() as group:
            page = group.create_task(required("classes", ask))
            activity = group.create_task(self._activity(ctx))
        return render(query, page.result(), activity.result())

    async def _activity(self, ctx: RequestContext) -> Part[Activities] | None:
        if "class_activity" in self._disabled:
            return None
        return await optional(read_activity(self._results, self._classes, ctx))


def render(
    query: ClassListQuery, page: Reading[ClassPage], activity: Part[Activities] | None
) -> TeacherClassListV1:
    found = page.value.classes
    rows = class_rows(found[: query.limit], value_of(activity))
    return TeacherClassListV1(
        classes=rows,
        limit=query.limit,
        offset=query.offset,
        has_more=len(found) + page.value.skipped > query.limit,
        skipped=page.value.skipped + len(found[: query.limit]) - len(rows),
        parts=listed({"classes": page, "class_activity": activity}),
    )
