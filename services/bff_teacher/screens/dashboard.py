"""Screen 1: a page of batches with their class names, and the teacher's classes beside it."""

from collections.abc import Sequence
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
from services.bff_teacher.screens.rows.batches import dashboard_item
from services.bff_teacher.screens.rows.classes import Activity, class_rows, read_activity
from services.bff_teacher.screens.rows.rosters import StudentCounts, read_student_counts
from services.bff_teacher.screens.rows.search import BatchSearch, FoundBatches
from services.bff_teacher.screens.rows.titles import read_titles
from services.bff_teacher.screens.states import BatchStates, StateReads, state_parts

MAX_CLASSES = 100


@dataclass(frozen=True, slots=True)
class DashboardParts:
    """In the order of the answer's `parts`; None when disabled."""

    batches: Fetched[FoundBatches]
    states: BatchStates
    classes: Part[ClassPage] | None = None
    student_counts: Part[StudentCounts] | None = None
    class_names: Part[ClassInfos] | None = None
    class_activity: Part[Activity] | None = None
    titles: Part[TitleByBatch] | None = None
    credits: Part[Balance] | None = None


class DashboardScreen:
    """Required: `batches`. All other parts are optional.

    Class names, titles and states wait for the page, and student counts for the classes, whose ids
    they need; the rest runs concurrently.
    """

    def __init__(
        self,
        *,
        results: Results,
        classes: Classes,
        students: Students,
        states: StateReads,
        titles: Titles,
        balances: Credits,
        disabled: DisabledParts,
    ) -> None:
        self._results = results
        self._search = BatchSearch(results, classes, states)
        self._classes = classes
        self._students = students
        self._states = states
        self._titles = titles
        self._balances = balances
        self._disabled = disabled

    async def load(self, ctx: RequestContext, query: DashboardQuery) -> TeacherClassDashboardV1:
        """The dashboard.

        Raises:
            DownstreamError: RAS did not give the page, or CMS the class that is asked for.
        """
        async with fan_out() as group:
            classes_task = group.create_task(self._classes_with_counts(ctx))
            activity_task = group.create_task(
                optional_unless_disabled(
                    self._disabled,
                    "class_activity",
                    lambda: read_activity(self._results, self._classes, self._states, ctx),
                )
            )
            credits_task = group.create_task(read_credits(self._disabled, self._balances, ctx))
            page = await self._search.find(ctx, query)
            rows = page.value.rows
            states_task = group.create_task(self._states.read(ctx, rows))
            names, titles = await self._names(ctx, [row.batch_id for row in rows])
        classes, counts = classes_task.result()
        parts = DashboardParts(
            batches=page,
            states=states_task.result(),
            classes=classes,
            student_counts=counts,
            class_names=names,
            class_activity=activity_task.result(),
            titles=titles,
            credits=credits_task.result(),
        )
        return render(query, parts)

    async def _names(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> tuple[Part[ClassInfos] | None, Part[TitleByBatch] | None]:
        async with fan_out() as group:
            titles_task = group.create_task(
                read_titles(self._disabled, self._titles, ctx, batch_ids)
            )
            names = await optional_unless_disabled(
                self._disabled, "class_names", lambda: self._classes.of_batches(ctx, batch_ids)
            )
        return names, titles_task.result()

    async def _classes_with_counts(
        self, ctx: RequestContext
    ) -> tuple[Part[ClassPage] | None, Part[StudentCounts] | None]:
        page = await optional_unless_disabled(
            self._disabled, "classes", lambda: self._classes.page(ctx, limit=MAX_CLASSES)
        )
        classes = page.holding(page.value.classes) if isinstance(page, Fetched) else page
        return page, await read_student_counts(self._disabled, self._students, ctx, classes)


def render(query: DashboardQuery, parts: DashboardParts) -> TeacherClassDashboardV1:
    """The join."""
    page, states = parts.batches.value, parts.states
    infos, titles = value_of(parts.class_names) or {}, value_of(parts.titles)
    classes = value_of(parts.classes)
    counts, activity = value_of(parts.student_counts), value_of(parts.class_activity)
    return TeacherClassDashboardV1(
        batches=[
            dashboard_item(row, states.truth_of(row), infos.get(row.batch_id.lower()), titles)
            for row in page.rows
        ],
        total_count=page.total,
        limit=query.limit,
        offset=query.offset,
        has_more=page.has_more,
        skipped=page.skipped,
        classes=class_rows(classes.classes[:MAX_CLASSES], counts, activity) if classes else None,
        credits=credits_dto(value_of(parts.credits)),
        parts=describe_parts(
            {
                "batches": parts.batches,
                "classes": parts.classes,
                "student_counts": parts.student_counts,
                "class_names": parts.class_names,
                "class_activity": parts.class_activity,
                **state_parts(states, *([activity.states] if activity else [])),
                "titles": parts.titles,
                "credits": parts.credits,
            }
        ),
    )
