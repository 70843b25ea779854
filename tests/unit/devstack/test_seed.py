"""The demo data: the same in every run, and as much of it as the front end was promised."""

import math
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.seed import (
    PEOPLE,
    BatchStatus,
    Situation,
    load_dataset,
)
from devstack.seed.people import ADMIN, ANNA, CREDITS, ERIK, ORG_ID, OTHER_ORG_ID, SARA
from devstack.seed.plan import BOS_ONLY_BATCH_ID
from devstack.seed.store import write_dataset

DATA = load_dataset()


def test_dataset_is_the_same_in_another_process() -> None:
    program = (
        "from devstack.seed import load_dataset\n"
        "import hashlib\n"
        "print(hashlib.sha256(repr(load_dataset()).encode()).hexdigest())"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "DEVSTACK_BASE_DATE": DATA.base_date.isoformat()},
            capture_output=True,
            check=True,
            timeout=30,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_people_are_of_two_schools_with_an_admin_of_one_and_an_admin_of_all() -> None:
    counted = Counter((person.status, person.roles, person.org_id) for person in PEOPLE)

    assert counted == {
        ("approved", ("teacher",), ORG_ID): 3,
        ("approved", ("admin", "superadmin"), ORG_ID): 1,
        ("approved", ("teacher",), OTHER_ORG_ID): 1,
        ("approved", ("admin",), OTHER_ORG_ID): 1,
        ("pending", ("teacher",), ORG_ID): 2,
        ("pending", ("teacher",), OTHER_ORG_ID): 1,
        ("pending", ("teacher",), None): 1,
    }
    assert {ANNA.email, ERIK.email, SARA.email, ADMIN.email} == {
        "anna.lindqvist@demo.huleedu.se",
        "erik.holm@demo.huleedu.se",
        "sara.nyberg@demo.huleedu.se",
        "admin@demo.huleedu.se",
    }


def test_eight_classes_are_split_over_the_teachers() -> None:
    assert [len(DATA.classes_of(one.user_id)) for one in (ANNA, ERIK, SARA)] == [3, 3, 2]


def test_dates_are_of_today_unless_a_date_is_given() -> None:
    program = "from devstack.seed import load_dataset; print(load_dataset().base_date)"
    run = subprocess.run(
        [sys.executable, "-c", program], env={}, capture_output=True, check=True, timeout=30
    )

    age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(
        run.stdout.decode().strip()
    )
    assert timedelta() <= age < timedelta(minutes=2)
    assert DATA.base_date.isoformat() == os.environ["DEVSTACK_BASE_DATE"]


def test_no_time_lies_ahead() -> None:
    for batch in DATA.batches:
        phases = [
            time for one in batch.phases for time in (one.started_at, one.completed_at) if time
        ]
        times = [batch.last_updated, *phases, *(essay.last_updated for essay in batch.essays)]
        assert batch.created_at <= min(times)
        assert max(times) < DATA.base_date


def test_credits_are_what_was_granted_and_not_consumed(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        operations = connection.execute(
            "SELECT subject_id, sum(iif(metric = 'manual_adjustment', amount, -amount))"
            " FROM credit_operations GROUP BY subject_id"
        )
        balances = connection.execute("SELECT subject_id, balance FROM credit_balances")
        assert dict(operations.fetchall()) == dict(balances.fetchall()) == CREDITS


def test_ids_are_unique() -> None:
    essays = [essay.essay_id for batch in DATA.batches for essay in batch.essays]
    storage = [text.storage_id for text in DATA.texts]

    assert len(set(essays)) == len(essays)
    assert len(set(storage)) == len(storage)
    assert len({batch.batch_id for batch in DATA.batches}) == len(DATA.batches)


def test_every_storage_id_of_an_essay_has_a_text() -> None:
    stored = {text.storage_id for text in DATA.texts}
    essays = [essay for batch in DATA.batches for essay in batch.essays]
    wanted = {essay.original_text_storage_id for essay in essays}
    wanted |= {batch.prompt_storage_id for batch in DATA.batches if batch.prompt_storage_id}
    wanted |= {
        essay.spellcheck_corrected_text_storage_id
        for essay in essays
        if essay.spellcheck_corrected_text_storage_id
    }

    assert wanted <= stored


def test_corrections_tell_the_two_texts_apart() -> None:
    bodies = {text.storage_id: text.body for text in DATA.texts}
    checked = [
        essay
        for batch in DATA.batches
        for essay in batch.essays
        if essay.spellcheck_corrected_text_storage_id
    ]

    for essay in checked:
        original = bodies[essay.original_text_storage_id]
        corrected = bodies[str(essay.spellcheck_corrected_text_storage_id)]
        assert (original == corrected) == (essay.spellcheck_correction_count == 0)


def test_results_hold_the_oddities_that_screens_must_survive() -> None:
    essays = [essay for batch in DATA.batches for essay in batch.visible_essays]
    scores = [essay.cj_score for essay in essays if essay.cj_score is not None]

    assert sum(math.isnan(score) for score in scores) == 1
    assert min(scores, key=lambda score: (math.isnan(score), score)) < 0
    assert 0.0 in scores
    assert any(essay.spellcheck_error_detail for essay in essays)
    assert {len(batch.essays) for batch in DATA.batches} >= {0, 1, 120}
    assert any(batch.essays and not batch.visible_essays for batch in DATA.batches)


def test_not_a_number_stays_out_of_the_first_demo_logins_list() -> None:
    scores = [
        essay.cj_score
        for batch in DATA.batches_of(ANNA.user_id)
        for essay in batch.essays
        if essay.cj_score is not None
    ]

    assert not any(math.isnan(score) for score in scores)


def test_anchors_leave_gaps_and_ties_share_a_rank() -> None:
    batch = next(one for one in DATA.batches if one.processing_completed_at and one.class_id)
    ranks = Counter(essay.cj_rank for essay in batch.essays if essay.cj_rank is not None)

    assert max(rank for rank in ranks if rank != 999) > len(batch.essays) - 1
    assert any(count > 1 for count in ranks.values())


def test_batches_in_review_have_pending_matches_and_unmatched_essays() -> None:
    for batch in DATA.batches_in(Situation.AWAITING_CONFIRMATION):
        rows = DATA.associations_of(batch.batch_id)
        assert {row.status for row in rows} == {"pending_validation"}
        assert len(rows) == len(batch.essays) - 2
        assert len({row.student_id for row in rows}) == len(rows)
        # CMS sends the constant; its timer reads what is stored.
        assert min(row.confidence_score for row in rows) < 0.7


def test_suggested_pupils_are_in_the_class() -> None:
    members = {one.class_id: set(one.student_ids) for one in DATA.classes}

    assert all(row.student_id in members[row.class_id] for row in DATA.associations)


def test_one_class_holds_the_synthetic_pupil() -> None:
    synthetic = {student.student_id for student in DATA.students if student.is_synthetic}
    holders = [one for one in DATA.classes if synthetic & set(one.student_ids)]

    assert len(synthetic) == 1
    assert [one.name for one in holders] == ["Svenska 3 EK22"]
    assert any(row.student_id in synthetic for row in DATA.associations)


def test_essay_count_may_differ_from_the_essays_that_ras_lists() -> None:
    assert any(batch.essay_count > len(batch.visible_essays) > 0 for batch in DATA.batches)
    assert any(batch.essay_count > len(batch.essays) > 0 for batch in DATA.batches)


def test_final_batches_have_ended_and_no_other() -> None:
    for batch in DATA.batches:
        done = batch.status in {
            BatchStatus.COMPLETED_SUCCESSFULLY,
            BatchStatus.COMPLETED_WITH_FAILURES,
        }
        assert done or batch.processing_completed_at is None


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "platform.sqlite3"
    write_dataset(DATA, path)
    return path


def test_database_holds_the_dataset(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        batches = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
        essays = connection.execute("SELECT count(*) FROM essays").fetchone()[0]
        bos_only = connection.execute(
            "SELECT batch_id FROM bos_batches WHERE batch_id NOT IN (SELECT batch_id FROM batches)"
        ).fetchall()

    assert batches == len(DATA.batches) + 1
    assert essays == sum(len(batch.essays) for batch in DATA.batches)
    assert bos_only == [(BOS_ONLY_BATCH_ID,)]


def test_writing_again_replaces_what_was_there(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM batches")

    write_dataset(DATA, database)

    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
        assert found == len(DATA.batches) + 1
