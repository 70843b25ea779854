"""Screen 1: a page of batches with their class names, and the teacher's classes beside it."""

from dataclasses import dataclass

from bff_core.composition import Fetched, Part, fan_out
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.entitlements import Balance
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.ports import Classes, Credits, Results, Students, TitleByBatch, Titles
from services.bff_teacher.screens.credits import credits_dto, read_credits
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import dashboard_item, read_titles
from services.bff_teacher.screens.rows.classes import (
    Activity,
    StudentCounts,
    class_rows,
    count_activity,
    read_activity,
    read_student_counts,
)
from services.bff_teacher.screens.rows.pages import FoundBatches, find_page
from services.bff_teacher.screens.rows.search import BatchSearch
from services.bff_teacher.screens.states import BatchStates, StateReads, state_parts

MAX_CLASSES = 100


@dataclass(frozen=True, slots=True)
class DashboardParts:
    """In the order of the answer's `parts`; None when disabled.

    `other_states` are of batches that only the activity of classes needs; None without activity.
    """

    batches: Fetched[FoundBatches]
    states: BatchStates
    classes: Part[ClassPage] | None = None
    student_counts: Part[StudentCounts] | None = None
    class_names: Part[ClassInfos] | None = None
    class_activity: Part[Activity] | None = None
    other_states: BatchStates | None = None
    titles: Part[TitleByBatch] | None = None
    credits: Part[Balance] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardScreen:
    """Required: `batches`. All other parts are optional.

    Class names, titles and states wait for the page, and student counts for the classes, whose ids
    they need; the rest runs concurrently. Each state is read once: the activity of classes reads
    those of batches that are not on the page.
    """

    results: Results
    classes: Classes
    students: Students
    states: StateReads
    titles: Titles
    balances: Credits
    disabled: DisabledParts

    async def load(self, ctx: RequestContext, query: DashboardQuery) -> TeacherClassDashboardV1:
        """The dashboard.

        Raises:
            DownstreamError: RAS did not give the page, or CMS the class that is asked for.
        """
        async with fan_out() as group:
            classes_task = group.create_task(self._classes_with_counts(ctx))
            activity_task = group.create_task(
                read_activity(self.disabled, self.results, self.classes, ctx)
            )
            credits_task = group.create_task(read_credits(self.disabled, self.balances, ctx))
            page = await self._find(ctx, query)
            rows = page.value.rows
            ids = [row.batch_id for row in rows]
            states_task = group.create_task(self.states.read(ctx, rows))
            titles_task = group.create_task(read_titles(self.disabled, self.titles, ctx, ids))
            names_task = group.create_task(
                optional_unless_disabled(
                    self.disabled, "class_names", lambda: self.classes.of_batches(ctx, ids)
                )
            )
            activity = await activity_task
            known = value_of(activity)
            others = await self.states.read(ctx, known.unread(rows)) if known else None
        classes, counts = classes_task.result()
        parts = DashboardParts(
            batches=page,
            states=states_task.result(),
            classes=classes,
            student_counts=counts,
            class_names=names_task.result(),
            class_activity=activity,
            other_states=others,
            titles=titles_task.result(),
            credits=credits_task.result(),
        )
        return render(query, parts)

    async def _find(self, ctx: RequestContext, query: DashboardQuery) -> Fetched[FoundBatches]:
        if query.is_searched:
            search = BatchSearch(self.results, self.classes, self.states)
            return await search.find(ctx, query)
        return await find_page(self.results, ctx, query)

    async def _classes_with_counts(
        self, ctx: RequestContext
    ) -> tuple[Part[ClassPage] | None, Part[StudentCounts] | None]:
        page = await optional_unless_disabled(
            self.disabled, "classes", lambda: self.classes.page(ctx, limit=MAX_CLASSES)
        )
        classes = page.holding(page.value.classes) if isinstance(page, Fetched) else page
        return page, await read_student_counts(self.disabled, self.students, ctx, classes)


def render(query: DashboardQuery, parts: DashboardParts) -> TeacherClassDashboardV1:
    """The join."""
    page, states = parts.batches.value, parts.states
    infos, titles = value_of(parts.class_names) or {}, value_of(parts.titles)
    classes, activity = value_of(parts.classes), value_of(parts.class_activity)
    counts = value_of(parts.student_counts)
    shown = [(row, states.truth_of(row)) for row in page.rows]
    others = parts.other_states
    counted = count_activity(activity, others, shown) if activity and others else None
    return TeacherClassDashboardV1(
        batches=[
            dashboard_item(row, truth, infos.get(row.batch_id.lower()), titles)
            for row, truth in shown
        ],
        total_count=page.total,
        limit=query.limit,
        offset=query.offset,
        has_more=page.has_more,
        skipped=page.skipped,
        classes=class_rows(classes.classes[:MAX_CLASSES], counts, counted) if classes else None,
        credits=credits_dto(value_of(parts.credits)),
        parts=describe_parts(
            {
                "batches": parts.batches,
                "classes": parts.classes,
                "student_counts": parts.student_counts,
                "class_names": parts.class_names,
                "class_activity": parts.class_activity,
                **state_parts(states, *([others] if others else [])),
                "titles": parts.titles,
                "credits": parts.credits,
            }
        ),
    )
