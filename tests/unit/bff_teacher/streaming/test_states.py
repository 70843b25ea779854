"""What of a screen's answer is followed."""

import json
from typing import Any

from bff_core.composition import Fetched, Missing
from services.bff_teacher.contracts.cms import StudentName, StudentOfEssay
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.screens.batch_detail import BatchDetailParts, render
from services.bff_teacher.streaming.states import StreamState, carried_over, detail_state
from tests.unit.bff_teacher.fakes import START, a_batch, a_class, batch_id, info_of

ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
STUDENT = "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81"
BATCH = batch_id(1)
NAMES = [StudentOfEssay(ESSAY, STUDENT, StudentName("Maja", "Lindqvist"))]
MISSING = Missing("TIMEOUT")
INFOS = {BATCH: info_of(a_class(1))}


def detail(**optional: Any) -> StreamState:
    row = a_batch(1)
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    essay = EssayRecord(essay_id=ESSAY, last_updated=START, filename="Maja_Lindqvist.docx")
    batch = BatchWithEssays(**fields, essays=(essay,))
    return detail_state(render(BatchDetailParts(Fetched(batch), **optional), LanguageV1.SWEDISH))


def test_no_name_of_a_pupil_and_no_null_is_in_a_state() -> None:
    fetched = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))

    written = json.dumps(fetched.batches)
    assert "Maja" not in written
    assert "null" not in written
    essays = fetched.batches[BATCH]["essays"]
    assert isinstance(essays, dict)
    assert essays[ESSAY]["student"] == {"student_id": STUDENT, "status": "suggested"}  # type: ignore[call-overload, index]


def test_what_a_missing_part_would_have_said_stays_as_it_was() -> None:
    whole = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))
    poor = detail(class_name=MISSING, student_names=MISSING, file_state=MISSING)

    assert poor.batches != whole.batches
    assert carried_over(poor, whole.batches) == whole.batches
    assert carried_over(poor, {}) == poor.batches


def test_a_part_that_says_nothing_takes_away() -> None:
    whole = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))
    empty = detail(class_name=Fetched({}), student_names=Fetched([]))

    after = carried_over(empty, whole.batches)

    assert "class_id" not in after[BATCH]
    assert after == empty.batches
