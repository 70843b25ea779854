"""Screen 1: a page of batches with their class names, and the teacher's classes beside it."""

from dataclasses import dataclass

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.ras import Batch, BatchPage
from services.bff_teacher.dto.class_dashboard_v1 import (
    DashboardBatchV1,
    DashboardQuery,
    TeacherClassDashboardV1,
)
from services.bff_teacher.protocols import Classes, Results, Students
from services.bff_teacher.screens.batch_page import Window, read_page
from services.bff_teacher.screens.batch_row import item, rows_of
from services.bff_teacher.screens.class_activity import Activities, class_rows, read_activity
from services.bff_teacher.screens.derived import derived_if_read_again
from services.bff_teacher.screens.parts import asked, listed, value_of
from services.bff_teacher.screens.rosters import Sizes, sizes_of

CLASSES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Named:
    """A page, its rows, and the classes of these, which are asked for once they are known."""

    page: Fetched[BatchPage]
    rows: list[Batch]
    infos: Part[ClassInfos] | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the page; None when switched off."""

    classes: Part[ClassPage] | None
    sizes: Part[Sizes] | None
    activity: Part[Activities] | None


class DashboardScreen:
    """Required: `batches`. Optional: `classes`, `student_counts`, `class_names`, `class_activity`.

    Class names wait for the page, and student counts for the classes, whose ids they need; the rest
    runs side by side.
    """

    def __init__(
        self, results: Results, classes: Classes, students: Students, disabled: frozenset[str]
    ) -> None:
        self._results = results
        self._classes = classes
        self._students = students
        self._disabled = disabled

    async def load(self, ctx: RequestContext, query: DashboardQuery) -> TeacherClassDashboardV1:
        """The dashboard.

        Raises:
            DownstreamError: RAS did not give the page.
        """
        async with fan_out() as group:
            counted = group.create_task(self._counted_classes(ctx))
            activity = group.create_task(
                asked(self._disabled, "class_activity", lambda: self._activity(ctx))
            )
            # In this task, which has to wait for it anyway: RAS is asked first, and at once.
            named = await self._named_page(ctx, query)
        return render(ctx, query, named, Beside(*counted.result(), activity.result()))

    async def _named_page(self, ctx: RequestContext, query: DashboardQuery) -> Named:
        window = Window(query.limit, query.offset)
        page = await required("batches", read_page(self._results, ctx, window, query.status))
        rows = rows_of(page, ctx.user_id)
        ids = [row.batch_id for row in rows]
        infos = await asked(
            self._disabled, "class_names", lambda: self._classes.of_batches(ctx, ids)
        )
        return Named(page, rows, infos)

    async def _counted_classes(
        self, ctx: RequestContext
    ) -> tuple[Part[ClassPage] | None, Part[Sizes] | None]:
        page = await asked(self._disabled, "classes", lambda: self._shown(ctx))
        shown = page.value.classes if isinstance(page, Fetched) else None
        return page, await sizes_of(self._disabled, self._students, ctx, page, shown)

    async def _shown(self, ctx: RequestContext) -> Fetched[ClassPage]:
        return await self._classes.of_teacher(ctx, limit=CLASSES_SHOWN)

    async def _activity(self, ctx: RequestContext) -> Fetched[Activities]:
        return await read_activity(self._results, self._classes, ctx)


def render(
    ctx: RequestContext,
    query: DashboardQuery,
    named: Named,
    beside: Beside,
) -> TeacherClassDashboardV1:
    page = named.page.value
    shown = value_of(beside.classes)
    sizes, activity = value_of(beside.sizes), value_of(beside.activity)
    return TeacherClassDashboardV1(
        batches=_items(named, ctx.user_id),
        total_count=page.pagination.total,
        limit=query.limit,
        offset=query.offset,
        skipped=page.skipped + len(page.batches) - len(named.rows),
        classes=None if shown is None else class_rows(shown, CLASSES_SHOWN, sizes, activity),
        parts=listed(
            {
                "batches": named.page,
                "classes": beside.classes,
                "student_counts": beside.sizes,
                "class_names": named.infos,
                "class_activity": beside.activity,
            }
        ),
    )


def _items(named: Named, owner: str) -> list[DashboardBatchV1]:
    infos = value_of(named.infos)

    def made() -> list[DashboardBatchV1]:
        return [item(row, (infos or {}).get(row.batch_id.lower())) for row in named.rows]

    return derived_if_read_again(f"items {owner}", made, named.page, infos)
