"""Screen 1: a page of batches with their class names, and the teacher's classes beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.composition import Fetched, Part, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.ports import Classes, Results, Students
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import (
    PageRange,
    dashboard_item,
    read_page,
    visible_batches,
)
from services.bff_teacher.screens.rows.classes import ActivityByClass, class_rows, read_activity
from services.bff_teacher.screens.rows.rosters import StudentCounts, read_student_counts

MAX_CLASSES = 100


@dataclass(frozen=True, slots=True)
class DashboardParts:
    """In the order of the answer's `parts`; None when disabled."""

    batches: Fetched[BatchPage]
    classes: Part[ClassPage] | None = None
    student_counts: Part[StudentCounts] | None = None
    class_names: Part[ClassInfos] | None = None
    class_activity: Part[ActivityByClass] | None = None


class DashboardScreen:
    """Required: `batches`. Optional: `classes`, `student_counts`, `class_names`, `class_activity`.

    Class names wait for the page, and student counts for the classes, whose ids they need; the rest
    runs concurrently.
    """

    def __init__(
        self, results: Results, classes: Classes, students: Students, disabled: DisabledParts
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
        page_range = PageRange(query.limit, query.offset)
        async with fan_out() as group:
            classes_task = group.create_task(self._classes_with_counts(ctx))
            activity_task = group.create_task(
                optional_unless_disabled(
                    self._disabled,
                    "class_activity",
                    lambda: read_activity(self._results, self._classes, ctx),
                )
            )
            page = await required(
                "batches", read_page(self._results, ctx, page_range, query.status)
            )
            rows = visible_batches(page.value, ctx.user_id)
            names = await optional_unless_disabled(
                self._disabled,
                "class_names",
                lambda: self._classes.of_batches(ctx, [row.batch_id for row in rows]),
            )
        classes, counts = classes_task.result()
        parts = DashboardParts(page, classes, counts, names, activity_task.result())
        return render(query, rows, parts)

    async def _classes_with_counts(
        self, ctx: RequestContext
    ) -> tuple[Part[ClassPage] | None, Part[StudentCounts] | None]:
        page = await optional_unless_disabled(
            self._disabled, "classes", lambda: self._classes.page(ctx, limit=MAX_CLASSES)
        )
        classes = page.holding(page.value.classes) if isinstance(page, Fetched) else page
        return page, await read_student_counts(self._disabled, self._students, ctx, classes)


def render(
    query: DashboardQuery, rows: Sequence[BatchSummary], parts: DashboardParts
) -> TeacherClassDashboardV1:
    """The join; `rows` are the visible ones of the page."""
    page = parts.batches.value
    infos = value_of(parts.class_names) or {}
    classes = value_of(parts.classes)
    counts, activity = value_of(parts.student_counts), value_of(parts.class_activity)
    return TeacherClassDashboardV1(
        batches=[dashboard_item(row, infos.get(row.batch_id.lower())) for row in rows],
        total_count=page.pagination.total,
        limit=query.limit,
        offset=query.offset,
        skipped=page.skipped + len(page.batches) - len(rows),
        classes=class_rows(classes.classes[:MAX_CLASSES], counts, activity) if classes else None,
        parts=describe_parts(
            {
                "batches": parts.batches,
                "classes": parts.classes,
                "student_counts": parts.student_counts,
                "class_names": parts.class_names,
                "class_activity": parts.class_activity,
            }
        ),
    )
