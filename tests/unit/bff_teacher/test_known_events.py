"""Events on the screens: a part of their own, whose failure costs only what they alone tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import Unavailable
from services.bff_teacher.events.model import BatchEvents, Grade
from services.bff_teacher.screens.batch_results import BatchResultsScreen
from services.bff_teacher.screens.essay import EssayScreen
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import (
    START,
    FakeStudents,
    MemoryTitles,
    a_batch,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.screen_fakes import (
    FakeBatches,
    FakeTexts,
    a_whole_batch,
    an_essay,
    essay_id,
)
from tests.unit.bff_teacher.state_fakes import NOON, FakePipelines, phases, state_reads

GRADE = Grade("C+", 0.71, "MID")
WHOLE = a_whole_batch(1, [an_essay(1), an_essay(2)], processing_completed_at=START)
PENDING = a_batch(1, overall_status="pending_content")
READY = BatchEvents(ready_at=NOON)


@dataclass
class FakeEvents:
    """`KnownEvents` in memory; `down` makes all reads fail."""

    events: Mapping[str, BatchEvents] = field(default_factory=dict)
    by_essay: Mapping[str, Grade] = field(default_factory=dict)
    down: bool = False
    is_read: bool = True
    asked: list[tuple[Sequence[str], bool]] = field(default_factory=list)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[Mapping[str, BatchEvents]]:
        self.asked.append((batch_ids, fresh))
        if self.down:
            raise Unavailable
        return Fetched(self.events)

    async def grades(self, ctx: RequestContext, batch_id: str) -> Fetched[Mapping[str, Grade]]:
        if self.down:
            raise Unavailable
        return Fetched(self.by_essay)

    def forget(self, user_id: UserId | None) -> None: ...


def reads(events: FakeEvents, *disabled: str) -> StateReads:
    pipelines = FakePipelines({batch_id(1): phases()})
    return replace(state_reads(pipelines, disabled=frozenset(disabled)), events=events)


async def test_events_of_the_asked_batches_decide() -> None:
    events = FakeEvents({batch_id(1): READY})

    states = await reads(events).read(a_context(), [PENDING])

    found = states.truth_of(PENDING)
    assert (found.status, found.status_source) == ("ready", "events")
    assert events.asked == [([batch_id(1)], False)]


async def test_a_write_is_judged_by_fresh_events() -> None:
    events = FakeEvents()

    await replace(reads(events), max_age=0).read(a_context(), [PENDING])

    assert events.asked == [([batch_id(1)], True)]


async def test_without_the_database_the_state_is_that_of_the_other_sources() -> None:
    states = await reads(FakeEvents(down=True)).read(a_context(), [PENDING])

    found = states.truth_of(PENDING)
    assert (found.status, found.status_source, found.waits_for) == ("not_started", "bos", None)


@pytest.mark.parametrize(
    ("events", "disabled"), [(FakeEvents(is_read=False), ()), (FakeEvents(), ("events",))]
)
async def test_where_no_events_are_read_none_is_asked_for(
    events: FakeEvents, disabled: tuple[str, ...]
) -> None:
    states = await reads(events, *disabled).read(a_context(), [PENDING])

    assert (states.events, events.asked) == (None, [])


def results(events: FakeEvents, *disabled: str) -> BatchResultsScreen:
    return BatchResultsScreen(
        FakeBatches([WHOLE]),
        FakeStudents(),
        state_reads(),
        MemoryTitles(),
        frozenset(disabled),
        events=events,
    )


@pytest.mark.parametrize(
    ("events", "letters", "status"),
    [
        (FakeEvents(by_essay={essay_id(1): GRADE}), ["C+", None], "ok"),
        (FakeEvents(), [None, None], "ok"),
        (FakeEvents(down=True), [None, None], "missing"),
        (FakeEvents(is_read=False), [None, None], None),
    ],
    ids=["graded", "ungraded", "database away", "no Kafka"],
)
async def test_grades_stand_on_the_results(
    events: FakeEvents, letters: list[str | None], status: str | None
) -> None:
    page = (await results(events).load(a_context(), batch_id(1))).body

    by_essay = {row.essay_id: row.grade for row in page.rows}
    assert [grade and grade.letter for grade in map(by_essay.get, map(essay_id, (1, 2)))] == letters
    assert {part.name: part.status for part in page.parts}.get("events") == status


async def test_a_file_has_columns_for_grades_only_if_there_is_one() -> None:
    swedish = replace(a_context(), accept_language="sv")

    graded = await results(FakeEvents(by_essay={essay_id(1): GRADE})).export(swedish, batch_id(1))
    ungraded = await results(FakeEvents()).export(swedish, batch_id(1))

    heading, *rows = graded.content.decode().splitlines()
    assert heading.endswith(";Text;Betyg;Betygets säkerhet")
    assert sorted(row.split(";", 8)[-1].partition(";")[2] for row in rows) == [";", "C+;0,71"]
    assert ungraded.content.decode().splitlines()[0].endswith(";Text")


async def test_there_is_no_file_while_it_is_not_known_whether_there_are_grades() -> None:
    away = FakeEvents(by_essay={essay_id(1): GRADE}, down=True)

    with pytest.raises(Unavailable):
        await results(away).export(a_context(), batch_id(1))

    for screen in (results(FakeEvents(down=True, is_read=False)), results(away, "events")):
        assert b"Grade" not in (await screen.export(a_context(), batch_id(1))).content


@pytest.mark.parametrize("down", [False, True])
async def test_a_grade_stands_on_its_essay(*, down: bool) -> None:
    events = FakeEvents(by_essay={essay_id(1): GRADE}, down=down)
    screen = EssayScreen(
        FakeBatches([WHOLE]), FakeStudents(), FakeTexts(), frozenset(), events=events
    )

    page = (await screen.load(a_context(), batch_id(1), essay_id(1))).body

    assert (page.grade and page.grade.letter) == (None if down else "C+")
    assert page.parts[-1].name == "events"
