"""States are the screens' answers without names, and survive missing parts."""

import json
from typing import Any

from bff_core.composition import Fetched, Missing
from services.bff_teacher.contracts.bos import PhaseStates, PipelineState
from services.bff_teacher.contracts.cms import StudentName, StudentOfEssay
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.live.source import StreamState, detail_state, keep_fields_of_missing_parts
from services.bff_teacher.ports import BatchTitle
from services.bff_teacher.screens.batch_detail import BatchDetailParts, render
from services.bff_teacher.screens.parts import PartialRead
from services.bff_teacher.screens.states import BatchStates
from services.bff_teacher.truth.facts import Matching
from tests.unit.bff_teacher.fakes import START, a_batch, a_class, batch_id, info_of
from tests.unit.bff_teacher.state_fakes import NOON, phases

ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
STUDENT = "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81"
BATCH = batch_id(1)
NAMES = [StudentOfEssay(ESSAY, STUDENT, StudentName("Maja", "Lindqvist"))]
MISSING = Missing("TIMEOUT")
CJ_RUNS = phases(
    "spellcheck",
    "cj_assessment",
    spellcheck="completed_successfully",
    cj_assessment="dispatch_initiated",
)
INFOS = {BATCH: info_of(a_class(1))}


def detail(
    pipelines: PartialRead[PipelineState | None] | None = None,
    validation: PartialRead[Matching | None] | None = None,
    **optional: Any,
) -> StreamState:
    row = a_batch(1)
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    essay = EssayRecord(essay_id=ESSAY, last_updated=START, filename="Maja_Lindqvist.docx")
    batch = BatchWithEssays(**fields | {"essays": (essay,)})
    states = BatchStates(pipelines or begun(CJ_RUNS), validation)
    parts = BatchDetailParts(Fetched(batch), states, **optional)
    return detail_state(render(parts, LanguageV1.SWEDISH))


def begun(states: PhaseStates | None) -> PartialRead[PipelineState | None]:
    """The phases of the batch; missing without `states`."""
    if states is None:
        return PartialRead({}, MISSING)
    state = PipelineState(batch_id=BATCH, pipeline_state=states)
    return PartialRead({BATCH: state}, Fetched(None))


def test_a_state_contains_no_name_of_a_pupil_and_no_null() -> None:
    fetched = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))

    as_json = json.dumps(fetched.batches)
    assert "Maja" not in as_json
    assert "null" not in as_json
    essays = fetched.batches[BATCH]["essays"]
    assert isinstance(essays, dict)
    assert essays[ESSAY]["student"] == {"student_id": STUDENT, "status": "suggested"}  # type: ignore[call-overload, index]


def test_fields_of_missing_parts_keep_their_former_value() -> None:
    complete = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))
    incomplete = detail(begun(None), class_name=MISSING, student_names=MISSING, file_state=MISSING)

    assert incomplete.batches != complete.batches
    assert keep_fields_of_missing_parts(incomplete, complete.batches) == complete.batches
    assert keep_fields_of_missing_parts(incomplete, {}) == incomplete.batches


def test_a_title_outlives_a_read_that_did_not_find_it() -> None:
    given = detail(titles=Fetched({BATCH: BatchTitle("Krönikor, 9A", 1)}))
    away = detail(titles=MISSING)
    cleared = detail(titles=Fetched({}))

    assert keep_fields_of_missing_parts(away, given.batches) == given.batches
    assert keep_fields_of_missing_parts(away, {})[BATCH]["title"] == "Untitled Batch"
    assert keep_fields_of_missing_parts(cleared, given.batches) == cleared.batches


def test_an_empty_part_removes_its_fields() -> None:
    complete = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))
    empty = detail(class_name=Fetched({}), student_names=Fetched([]))

    after = keep_fields_of_missing_parts(empty, complete.batches)

    assert "class_id" not in after[BATCH]
    assert after == empty.batches


def test_a_state_that_is_not_known_anew_is_the_former_one() -> None:
    before = detail(begun(phases("spellcheck", spellcheck="failed"))).batches

    after = keep_fields_of_missing_parts(detail(begun(None)), before)

    assert (after[BATCH]["status"], after[BATCH]["is_final"]) == ("failed", True)
    assert after == before


def test_matches_that_waited_are_kept_while_only_cms_is_away() -> None:
    waiting: PartialRead[Matching | None] = PartialRead(
        {BATCH: Matching(total=1, pending=1, since=NOON)}, Fetched(None)
    )
    before = detail(begun(phases()), waiting).batches

    after = keep_fields_of_missing_parts(detail(begun(phases()), PartialRead({}, MISSING)), before)

    assert after[BATCH]["status"] == "awaiting_review"
    assert after == before


def test_matches_of_a_batch_that_has_begun_are_not_kept_because_another_s_phases_are_missing() -> (
    None
):
    waiting: PartialRead[Matching | None] = PartialRead(
        {BATCH: Matching(total=1, pending=1, since=NOON)}, Fetched(None)
    )
    before = detail(begun(phases()), waiting).batches
    read = begun(CJ_RUNS)

    after = keep_fields_of_missing_parts(detail(PartialRead(read.values, MISSING)), before)

    assert after[BATCH]["status"] == "processing"
    assert "attention" not in after[BATCH]
