"""Activity of classes on the dashboard: counted from its own rows, with the states of the page."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta

import pytest

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamTimeout
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.dto.class_list_v1 import ClassListQuery
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import (
    START,
    FakeClasses,
    FakeResults,
    a_batch,
    a_class,
    a_context,
    batch_id,
    info_of,
)
from tests.unit.bff_teacher.screen_builders import a_class_list, a_dashboard
from tests.unit.bff_teacher.screen_fakes import a_row
from tests.unit.bff_teacher.state_fakes import FakePipelines, FakeReviews, phases, state_reads


async def load(
    results: FakeResults,
    classes: FakeClasses,
    disabled: frozenset[str] = frozenset(),
    *,
    states: StateReads,
    limit: int = 20,
) -> TeacherClassDashboardV1:
    screen = a_dashboard(results=results, classes=classes, states=states, disabled=disabled)
    return await screen.load(a_context(), DashboardQuery(limit=limit))


async def test_activity_counts_batches_that_want_the_teacher() -> None:
    klass = a_class(1)
    rows = [
        a_batch(1, overall_status="failed", processing_completed_at=START),
        a_batch(2, overall_status="pending_content"),
        a_batch(3, overall_status="pending_content"),
    ]
    infos = {row.batch_id: info_of(klass) for row in rows}
    states = state_reads(
        reviews=FakeReviews({batch_id(2): [a_row(1, 1)]}), now=START.replace(tzinfo=UTC)
    )

    answer = await load(FakeResults(rows), FakeClasses([klass], infos), states=states)

    assert answer.classes is not None
    shown = answer.classes[0]
    assert (shown.recent_batches, shown.needs_attention) == (3, 2)
    assert shown.last_activity_at is not None
    assert shown.last_activity_at.isoformat() == "2026-01-31T08:04:00+00:00"


async def test_each_state_is_read_once_for_the_page_and_for_the_activity() -> None:
    klass, pipelines = a_class(1), FakePipelines()
    rows = [a_batch(number, overall_status="pending_content") for number in range(1, 5)]
    infos = {row.batch_id: info_of(klass) for row in rows}

    answer = await load(
        FakeResults(rows), FakeClasses([klass], infos), states=state_reads(pipelines), limit=2
    )

    assert answer.classes is not None
    assert (answer.classes[0].recent_batches, answer.classes[0].needs_attention) == (4, 0)
    assert sorted(pipelines.asked) == [row.batch_id for row in rows]


@dataclass
class ResultsBefore(FakeResults):
    """The activity is counted from `before`, which was read earlier than the page."""

    before: list[BatchSummary] = field(default_factory=list)

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        return await FakeResults(self.before).newest(ctx)


@pytest.mark.parametrize("disabled", [frozenset[str](), frozenset({"phases"})])
async def test_activity_is_counted_as_in_the_list_of_classes(disabled: frozenset[str]) -> None:
    klass = a_class(1)
    classes = FakeClasses([klass], {batch_id(number): info_of(klass) for number in (1, 2)})
    again = a_batch(
        2,
        overall_status="completed_with_failures",
        processing_completed_at=START,
        last_updated=START + timedelta(hours=1),
    )
    failed = a_batch(1, overall_status="failed", processing_completed_at=START, last_updated=START)
    results = ResultsBefore([failed, again], before=[a_batch(1), again])
    running = phases("spellcheck", spellcheck="dispatch_initiated")
    states = state_reads(FakePipelines({batch_id(2): running}), disabled=disabled)

    shown = await load(results, classes, disabled, states=states)

    alone = a_class_list(results=results, classes=classes, states=states, disabled=disabled)
    assert shown.classes == (await alone.load(a_context(), ClassListQuery())).classes
    assert shown.classes is not None
    assert shown.classes[0].needs_attention == (None if disabled else 1)
    expected = ["completed_with_failures" if disabled else "processing", "failed"]
    assert [row.status for row in shown.batches] == expected


@pytest.mark.parametrize(
    ("states", "missing"),
    [
        (state_reads(FakePipelines(down=DownstreamTimeout("bos"))), ["phases"]),
        (state_reads(reviews=FakeReviews(down=DownstreamTimeout("cms"))), ["validation"]),
        (state_reads(disabled=frozenset({"phases"})), []),
        (state_reads(disabled=frozenset({"validation"})), []),
    ],
    ids=["bos", "cms", "phases off", "validation off"],
)
async def test_what_needs_the_teacher_is_null_where_nobody_counted(
    states: StateReads, missing: list[str]
) -> None:
    waiting, quiet = a_class(1), a_class(2)
    infos = {batch_id(1): info_of(waiting)}
    rows = [a_batch(1, overall_status="pending_content")]

    answer = await load(FakeResults(rows), FakeClasses([waiting, quiet], infos), states=states)

    assert answer.classes is not None
    assert [one.needs_attention for one in answer.classes] == [None, 0]
    assert [part.name for part in answer.parts if part.status == "missing"] == missing
