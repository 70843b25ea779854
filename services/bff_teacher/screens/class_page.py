"""One class: its students, its batches and its latest results."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.clock import as_utc
from bff_core.composition import Fetched, Missing, Part, combined, fan_out, required
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, NotFound
from services.bff_teacher.contracts.cms import Class, ClassInfos, Roster
from services.bff_teacher.contracts.ras import BatchSummary, BatchWithEssays
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1
from services.bff_teacher.dto.class_page_v1 import LatestResultsV1, StudentV1, TeacherClassPageV1
from services.bff_teacher.ownership import OWNER_MAX_AGE, require_own_batch
from services.bff_teacher.ports import (
    Batches,
    Classes,
    CurrentFacts,
    Results,
    Students,
    TitleByBatch,
    Titles,
)
from services.bff_teacher.screens.ids import is_uuid, require_uuids
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import (
    as_utc_or_none,
    dashboard_item,
    names_of,
    read_titles,
)
from services.bff_teacher.screens.rows.classes import find_own_class
from services.bff_teacher.screens.rows.essays import rank_essays
from services.bff_teacher.screens.rows.results import statistics_of
from services.bff_teacher.screens.rows.search import read_newest
from services.bff_teacher.screens.states import BatchStates, StateReads, state_parts

MAX_SHOWN = 100
"""Batches of the class that are shown, newest first."""
MAX_WITHOUT_SCORES = 3
"""Finished batches that are read at most for the latest results."""


@dataclass(frozen=True, slots=True)
class ClassBatches:
    """Batches of a class, newest first; `is_complete` unless there may be more."""

    rows: Sequence[BatchSummary]
    infos: ClassInfos
    skipped: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Facts about the batches of the class, read once these are known."""

    states: BatchStates
    titles: Part[TitleByBatch] | None
    latest_results: Part[BatchWithEssays | None] | None


@dataclass(frozen=True, slots=True)
class ClassPageParts:
    """In the order of the answer's `parts`; None when disabled, `facts` also without batches."""

    school_class: Fetched[Class]
    roster: Part[Roster] | None = None
    batches: Part[ClassBatches] | None = None
    facts: BatchFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPageScreen:
    """Required: `class`. All other parts are optional.

    Nothing else is read until the class is found among the teacher's. States, titles and results
    wait for the batches, and are not listed without them.
    """

    results: Results
    batches: Batches
    classes: Classes
    students: Students
    facts: CurrentFacts
    states: StateReads
    titles: Titles
    disabled: DisabledParts

    async def load(self, ctx: RequestContext, class_id: str) -> TeacherClassPageV1:
        """The class.

        Raises:
            NotFound: It is none of the teacher's.
            DownstreamError: CMS did not give the teacher's classes.
        """
        (class_id,) = require_uuids(class_id=class_id)
        found = await required("class", self._own_class(ctx, class_id))
        async with fan_out() as group:
            roster = group.create_task(
                optional_unless_disabled(
                    self.disabled, "roster", lambda: self.students.roster(ctx, found.value.id)
                )
            )
            batches = await optional_unless_disabled(
                self.disabled, "class_batches", lambda: self._class_batches(ctx, found.value.id)
            )
            facts = None
            if batches is not None and not isinstance(batches, Missing):
                facts = await self._read_facts(ctx, batches.value.rows)
        return render(ClassPageParts(found, roster.result(), batches, facts))

    async def _own_class(self, ctx: RequestContext, class_id: str) -> Fetched[Class]:
        """From the cached list while that permits access, else from CMS's own."""
        try:
            found = await find_own_class(self.classes, ctx, class_id)
        except NotFound:
            found = None
        if found is None or found.age > OWNER_MAX_AGE:
            found = await find_own_class(self.facts.classes, ctx, class_id)
        return found

    async def _class_batches(self, ctx: RequestContext, class_id: str) -> Fetched[ClassBatches]:
        newest = await read_newest(self.results, ctx)
        rows = newest.value.rows
        infos = await self.classes.of_batches(ctx, [row.batch_id for row in rows])
        own = {
            batch_id
            for batch_id, info in infos.value.items()
            if info and info.class_id.lower() == class_id.lower()
        }
        of_class = [row for row in rows if row.batch_id.lower() in own]
        batches = ClassBatches(
            rows=of_class[:MAX_SHOWN],
            infos=infos.value,
            skipped=newest.value.skipped,
            is_complete=newest.value.is_complete and len(of_class) <= MAX_SHOWN,
        )
        return combined(batches, (newest, infos))

    async def _read_facts(self, ctx: RequestContext, rows: Sequence[BatchSummary]) -> BatchFacts:
        ids = [row.batch_id for row in rows]
        async with fan_out() as group:
            states = group.create_task(self.states.read(ctx, rows))
            titles = group.create_task(read_titles(self.disabled, self.titles, ctx, ids))
            latest = await optional_unless_disabled(
                self.disabled, "latest_results", lambda: self._latest_with_scores(ctx, rows)
            )
        return BatchFacts(states.result(), titles.result(), latest)

    async def _latest_with_scores(
        self, ctx: RequestContext, rows: Sequence[BatchSummary]
    ) -> Fetched[BatchWithEssays | None]:
        ended = [(row.processing_completed_at, row) for row in rows]
        finished = [(at, row.batch_id) for at, row in ended if at is not None]
        reads: list[Fetched[BatchWithEssays]] = []
        for _, batch_id in sorted(finished, reverse=True)[:MAX_WITHOUT_SCORES]:
            try:
                batch = await self.batches.get(ctx, batch_id)
            except NotFound as error:
                raise DownstreamFailed("ras", reason="batch_gone") from error
            require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
            reads.append(batch)
            if any(one.score is not None for one in rank_essays(batch.value.essays)):
                return combined(batch.value, reads)
        return combined(None, reads)


def render(parts: ClassPageParts) -> TeacherClassPageV1:
    """The join."""
    school_class, facts = parts.school_class.value, parts.facts
    roster, batches = value_of(parts.roster), value_of(parts.batches)
    students = _students(roster)
    unread = roster.skipped + len(roster.students) - len(students) if roster and students else 0
    listed: dict[str, Part[object] | None] = {
        "class": parts.school_class,
        "roster": parts.roster,
        "class_batches": parts.batches,
    }
    if facts:
        listed |= {
            **state_parts(facts.states),
            "titles": facts.titles,
            "latest_results": facts.latest_results,
        }
    return TeacherClassPageV1(
        class_id=school_class.id,
        name=school_class.name,
        course_code=school_class.course_code,
        created_at=as_utc_or_none(school_class.created_at),
        students=students,
        batches=_items(batches, facts) if batches and facts else None,
        batches_complete=batches.is_complete if batches else None,
        latest_results=_latest(facts) if facts else None,
        skipped=unread + (batches.skipped if batches else 0),
        parts=describe_parts(listed),
    )


def _students(roster: Roster | None) -> list[StudentV1] | None:
    if roster is None:
        return None
    students = [
        StudentV1(student_id=one.student_id, first_name=one.first_name, last_name=one.last_name)
        for one in roster.students
        if is_uuid(one.student_id)
    ]
    return sorted(students, key=lambda one: (one.last_name, one.first_name, one.student_id))


def _items(batches: ClassBatches, facts: BatchFacts) -> list[DashboardBatchV1]:
    infos, titles = batches.infos, value_of(facts.titles)
    return [
        dashboard_item(row, facts.states.truth_of(row), infos.get(row.batch_id.lower()), titles)
        for row in batches.rows
    ]


def _latest(facts: BatchFacts) -> LatestResultsV1 | None:
    batch = value_of(facts.latest_results)
    if batch is None or batch.processing_completed_at is None:
        return None
    results = statistics_of(rank_essays(batch.essays), is_final=True)
    if results is None:
        return None
    names = names_of(batch, value_of(facts.titles))
    return LatestResultsV1(
        batch_id=batch.batch_id,
        batch_code=names.code,
        title=names.title,
        title_source=names.title_source,
        completed_at=as_utc(batch.processing_completed_at),
        results=results,
    )
