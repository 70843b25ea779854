"""Every row of the truth table has a demo batch, in every service as the platform would leave it."""

from datetime import timedelta
from pathlib import Path

import pytest

from devstack.scenario import DemoScenario
from devstack.seed import PASSWORD, TRUTH_TABLE, BatchStatus, DemoUser, Situation, load_dataset
from devstack.seed.people import ADMIN, TEACHERS
from devstack.seed.situations import WANTS_TEACHER, WITHOUT_SUGGESTIONS

DATA = load_dataset()
PAGE = Path(__file__).parents[3] / "docs" / "demo-data.md"


def test_every_situation_has_a_batch_of_its_own_that_stays_as_it_is() -> None:
    by_id = {one.batch_id: one for one in (*DATA.batches, *DATA.bos_only)}
    moving = {batch.batch_id for batch in DemoScenario(DATA).batches}

    for situation, row in TRUTH_TABLE.items():
        batch = by_id[row.batch_id]
        assert (batch.situation, batch.user_id) == (situation, row.owner.user_id)
    assert set(TRUTH_TABLE) == set(Situation)
    assert not moving & {row.batch_id for row in TRUTH_TABLE.values()}
    assert DATA.batches_of(ADMIN.user_id) == []


def test_ras_has_the_statuses_that_the_platform_stores_and_no_other() -> None:
    assert {batch.status for batch in DATA.batches} == {
        BatchStatus.AWAITING_CONTENT_VALIDATION,
        BatchStatus.COMPLETED_SUCCESSFULLY,
        BatchStatus.COMPLETED_WITH_FAILURES,
        BatchStatus.FAILED_CRITICALLY,
    }


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda person: person.first_name)
def test_six_batches_of_each_teacher_want_something_also_while_the_scenario_moves(
    teacher: DemoUser,
) -> None:
    moving = {batch.batch_id for batch in DemoScenario(DATA).batches}
    wanting = [
        batch
        for batch in DATA.batches_in(*WANTS_TEACHER)
        if batch.user_id == teacher.user_id and batch.batch_id not in moving
    ]

    assert len(wanting) >= 6
    assert sum(one.situation is Situation.AWAITING_CONFIRMATION for one in wanting) >= 2


def test_pipeline_is_what_the_orchestrator_asked_for() -> None:
    by_id = {batch.batch_id: batch for batch in DATA.batches}
    pipelines = {
        situation: by_id[row.batch_id].requested_pipelines
        for situation, row in TRUTH_TABLE.items()
        if row.batch_id in by_id
    }

    assert pipelines[Situation.READY] == pipelines[Situation.UNMATCHED] == ["spellcheck"]
    assert pipelines[Situation.FIRST_PHASE_FAILED] == ["spellcheck", "cj_assessment"]
    assert pipelines[Situation.SECOND_PIPELINE] == ["nlp"]


def test_matches_are_pending_for_a_day_also_where_a_person_has_confirmed_them() -> None:
    for row in DATA.associations:
        age = DATA.base_date - row.created_at
        assert (row.status == "pending_validation") == (age < timedelta(hours=24))
    confirmed = DATA.associations_of(TRUTH_TABLE[Situation.CONFIRMED].batch_id)
    timed_out = DATA.associations_of(TRUTH_TABLE[Situation.TIMED_OUT].batch_id)
    assert {row.status for row in confirmed} == {"pending_validation"}
    assert {row.status for row in timed_out} == {"confirmed"}
    # A few hours remain in which nobody's suggestions time out.
    oldest = max(DATA.base_date - row.created_at for row in confirmed)
    assert oldest < timedelta(hours=22)


def test_guest_and_unmatched_batches_have_no_match() -> None:
    without = [one for one in DATA.batches if not DATA.associations_of(one.batch_id)]

    assert {one.situation for one in without if one.class_id} == WITHOUT_SUGGESTIONS - {
        Situation.NOT_IN_RESULTS
    }
    assert any(one.class_id is None for one in without)


def test_page_of_the_demo_data_names_every_situation_s_batch_and_login() -> None:
    page = PAGE.read_text("utf-8")

    for situation, row in TRUTH_TABLE.items():
        assert f"| `{situation}` | {row.owner.first_name} | `{row.batch_id}` |" in page
    for teacher in TEACHERS:
        batches, classes = DATA.batches_of(teacher.user_id), DATA.classes_of(teacher.user_id)
        assert f"| `{teacher.email}` | teacher | {len(batches)}, {len(classes)} |" in page
    assert PASSWORD in page
