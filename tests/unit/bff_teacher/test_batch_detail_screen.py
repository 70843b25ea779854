import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bff_core.context import RequestContext
from bff_core.errors import (
    CircuitOpen,
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotAuthorized,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.dto.batch_detail_v1 import TeacherBatchDetailV1
from services.bff_teacher.ports import BatchTitle
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import (
    START,
    FakeClasses,
    FakeStudents,
    MemoryTitles,
    a_class,
    a_context,
    batch_id,
    info_of,
)
from tests.unit.bff_teacher.screen_builders import a_batch_detail, names_of_parts
from tests.unit.bff_teacher.screen_fakes import (
    FakeBatches,
    FakeFiles,
    a_match,
    a_whole_batch,
    an_essay,
)
from tests.unit.bff_teacher.state_fakes import FakePipelines, phases, state_reads

BATCH = a_whole_batch(1, [an_essay(1, cj_score=0.5), an_essay(2)])
INFOS = FakeClasses(infos={batch_id(1): info_of(a_class(1))})
OPTIONAL = ("class_name", "student_names", "file_state", "phases", "validation", "titles")


async def load(
    batches: FakeBatches | None = None,
    classes: FakeClasses = INFOS,
    students: FakeStudents | None = None,
    files: FakeFiles | None = None,
    *disabled: str,
    states: StateReads | None = None,
    asked_for: str = batch_id(1),
    titles: MemoryTitles | None = None,
) -> TeacherBatchDetailV1:
    screen = a_batch_detail(
        batches=batches or FakeBatches([BATCH]),
        classes=classes,
        students=students,
        files=files,
        states=states,
        titles=titles,
        disabled=frozenset(disabled),
    )
    return (await screen.load(a_context(), asked_for)).body


async def test_all_well_is_a_whole_answer() -> None:
    answer = await load(students=FakeStudents(names=[a_match(2, 5, "Åsa")]))

    assert {part.status for part in answer.parts} == {"ok"}
    assert names_of_parts(answer) >= {"batch", *OPTIONAL}
    assert answer.class_name == "Klass 1"
    assert [one.student.first_name if one.student else None for one in answer.essays] == [
        None,
        "Åsa",
    ]


async def test_each_source_down_costs_its_own_part() -> None:
    answer = await load(
        classes=FakeClasses(infos_down=DownstreamTimeout("cms")),
        students=FakeStudents(down=DownstreamFailed("cms")),
        files=FakeFiles(down=DownstreamUnreachable("files")),
        states=state_reads(FakePipelines(down=CircuitOpen("bos"))),
        titles=MemoryTitles(down=Unavailable()),
    )

    assert {part.name: part.code for part in answer.parts if part.status == "missing"} == {
        "class_name": "TIMEOUT",
        "student_names": "EXTERNAL_SERVICE_ERROR",
        "file_state": "CONNECTION_ERROR",
        "phases": "CIRCUIT_BREAKER_OPEN",
        "titles": "SERVICE_UNAVAILABLE",
    }
    assert (answer.status, answer.status_source, answer.phases) == (None, None, None)
    assert (answer.class_name, answer.file_state, len(answer.essays)) == (None, None, 2)


async def test_parts_that_are_disabled_are_neither_fetched_nor_listed() -> None:
    broken = AssertionError("asked")
    answer = await load(
        None,
        FakeClasses(infos_down=broken),  # type: ignore[arg-type]
        FakeStudents(down=broken),  # type: ignore[arg-type]
        FakeFiles(down=broken),  # type: ignore[arg-type]
        *OPTIONAL,
    )

    assert names_of_parts(answer).isdisjoint(OPTIONAL)


async def test_another_teacher_s_batch_is_refused_before_other_services_are_called() -> None:
    broken = AssertionError("asked")
    with pytest.raises(NotAuthorized):
        await load(
            FakeBatches([a_whole_batch(1, user_id="erik-1")]),
            FakeClasses(infos_down=broken),  # type: ignore[arg-type]
            FakeStudents(down=broken),  # type: ignore[arg-type]
            FakeFiles(down=broken),  # type: ignore[arg-type]
        )


async def test_batch_that_was_read_too_long_ago_is_not_shown() -> None:
    with pytest.raises(DownstreamUnreachable):
        await load(FakeBatches([BATCH], age=61.0))


async def test_unknown_batch_is_not_found() -> None:
    with pytest.raises(NotFound):
        await load(FakeBatches())


@pytest.mark.parametrize("odd", ["", "..", "user", "%2e%2e", "a" * 300, "\0", batch_id(1) + "\n"])
async def test_malformed_id_reaches_no_service(odd: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await load(FakeBatches(failures={odd: AssertionError("asked")}), asked_for=odd)  # type: ignore[dict-item]

    assert refused.value.details == {
        "errors": [{"pointer": "/batch_id", "message": "Must be a UUID"}],
        "error_count": 1,
    }


async def test_word_that_ras_has_newly_learned_costs_nothing() -> None:
    row = a_whole_batch(1, overall_status="paused")

    assert (await load(FakeBatches([row]))).status == "not_started"


@pytest.mark.parametrize(
    ("status", "running", "verified"),
    [
        (LockStatus(locked=False), None, True),
        (
            LockStatus(locked=True, current_phase="spellcheck", phase_status="in_progress"),
            "spellcheck",
            True,
        ),
        (
            LockStatus(
                locked=True, current_phase="spellcheck", phase_status="completed_successfully"
            ),
            None,
            True,
        ),
        (LockStatus(locked=True), None, False),
    ],
)
async def test_lock_says_what_runs_and_whether_that_is_known(
    status: LockStatus, running: str | None, *, verified: bool
) -> None:
    states = state_reads(FakePipelines(down=DownstreamTimeout("bos")))
    answer = await load(files=FakeFiles(status), states=states)

    assert answer.file_state is not None
    assert answer.file_state.verified is verified
    assert (answer.file_state.running_phase, answer.processing_phase) == (running, running)


async def test_phases_of_a_finished_batch_are_read_too() -> None:
    final = a_whole_batch(1, overall_status="failed", processing_completed_at=START)
    again = phases("nlp", spellcheck="failed", nlp="dispatch_initiated")

    answer = await load(
        FakeBatches([final]), states=state_reads(FakePipelines({batch_id(1): again}))
    )

    assert (answer.status, answer.processing_phase) == ("processing", "nlp")
    assert answer.phases is not None
    assert [(one.name, one.status) for one in answer.phases] == [
        ("spellcheck", "failed"),
        ("nlp", "running"),
    ]


async def test_essays_that_could_not_be_read_are_counted() -> None:
    batch = a_whole_batch(1, [an_essay(1), an_essay(2, essay_id="odd"), an_essay(1)])

    answer = await load(FakeBatches([batch]))

    assert (len(answer.essays), answer.skipped) == (1, 2)


async def test_storage_id_of_another_form_does_not_leave() -> None:
    good = an_essay(1, spellcheck_corrected_text_storage_id="0a" * 16)
    odd = an_essay(2, spellcheck_corrected_text_storage_id="../../etc/passwd")

    answer = await load(FakeBatches([a_whole_batch(1, [good, odd])]))

    ids = [one.spellcheck_corrected_text_storage_id for one in answer.essays]
    assert ids == ["0a" * 16, None]


async def test_parts_are_fetched_concurrently() -> None:
    meeting = asyncio.Barrier(3)

    class MeetingClasses(FakeClasses):
        async def of_batches(self, ctx: RequestContext, batch_ids: Sequence[str]) -> Any:
            await meeting.wait()
            return await super().of_batches(ctx, batch_ids)

    class MeetingStudents(FakeStudents):
        async def of_batch(self, ctx: RequestContext, batch_id: str) -> Any:
            await meeting.wait()
            return await super().of_batch(ctx, batch_id)

    class MeetingFiles(FakeFiles):
        async def state(self, ctx: RequestContext, batch_id: str) -> Any:
            await meeting.wait()
            return await super().state(ctx, batch_id)

    async with asyncio.timeout(1):
        answer = await load(None, MeetingClasses(), MeetingStudents(), MeetingFiles())

    assert {part.status for part in answer.parts} == {"ok"}


async def test_the_teacher_s_title_goes_before_the_assignment_s() -> None:
    batch = a_whole_batch(1, assignment_id="sv1-krönika")
    titles = MemoryTitles({batch_id(1): BatchTitle("Krönikor, 9A", 1)})

    given = await load(FakeBatches([batch]), titles=titles)
    away = await load(FakeBatches([batch]), titles=MemoryTitles(down=Unavailable()))

    assert (given.title, given.title_source) == ("Krönikor, 9A", "teacher")
    assert (away.title, away.title_source) == ("sv1-krönika", "assignment")
    assert [p.name for p in away.parts if p.status == "missing"] == ["titles"]


async def test_language_is_the_caller_s() -> None:
    batch = a_whole_batch(1, [an_essay(1, spellcheck_status="failed")])
    screen = a_batch_detail(batches=FakeBatches([batch]), classes=INFOS)
    ctx = replace(a_context(), accept_language="en;q=0.5, sv-SE")

    answer = await screen.load(ctx, batch_id(1))

    assert answer.headers == {"Content-Language": "sv", "Vary": "Accept-Language"}
    assert answer.body.failures[0].message.startswith("Stavningen")
