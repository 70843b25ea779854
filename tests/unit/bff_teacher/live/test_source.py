"""States are the screens' answers without names, and survive missing parts."""

import json
from typing import Any

from bff_core.composition import Fetched, Missing
from services.bff_teacher.contracts.cms import StudentName, StudentOfEssay
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.live.source import StreamState, detail_state, keep_fields_of_missing_parts
from services.bff_teacher.screens.batch_detail import BatchDetailParts, render
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
    incomplete = detail(class_name=MISSING, student_names=MISSING, file_state=MISSING)

    assert incomplete.batches != complete.batches
    assert keep_fields_of_missing_parts(incomplete, complete.batches) == complete.batches
    assert keep_fields_of_missing_parts(incomplete, {}) == incomplete.batches


def test_an_empty_part_removes_its_fields() -> None:
    complete = detail(class_name=Fetched(INFOS), student_names=Fetched(NAMES))
    empty = detail(class_name=Fetched({}), student_names=Fetched([]))

    after = keep_fields_of_missing_parts(empty, complete.batches)

    assert "class_id" not in after[BATCH]
    assert after == empty.batches
