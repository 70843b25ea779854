"""A submission makes one batch, whatever fails on the way."""

from dataclasses import replace
from typing import Any

import pytest

from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.contracts.platform_gateway import Registration, prompt_reference
from tests.unit.bff_teacher.creation_scenario import (
    FIRST_TEXT,
    NEW,
    CreationScenario,
    FakeRegistrations,
)
from tests.unit.bff_teacher.fakes import a_batch, a_class, a_context


async def test_a_batch_is_registered_with_class_and_instructions() -> None:
    scenario = CreationScenario()

    created = (await scenario.create()).body

    [sent] = scenario.platform.sent
    assert (sent.class_id, sent.course_code, sent.expected_essay_count) == (
        a_class(1).id,
        "SV1",
        3,
    )
    assert sent.student_prompt_ref == prompt_reference(FIRST_TEXT)
    assert (created.is_listed, created.batch.batch_id) == (False, NEW)
    assert (created.batch.status, created.batch.class_name) == ("not_started", "Klass 1")
    assert scenario.ledger.titles == {NEW: "Krönikor"}
    assert scenario.writes.users == ["anna-1"]


async def test_a_guest_batch_has_neither_class_nor_instructions() -> None:
    scenario = CreationScenario()

    created = (await scenario.create(class_id=None, instructions=None)).body

    assert scenario.platform.sent == [Registration(expected_essay_count=3, course_code="SV1")]
    assert (created.batch.class_id, scenario.texts.texts) == (None, {})


async def test_the_same_submission_again_answers_the_same_batch() -> None:
    scenario = CreationScenario()
    await scenario.create()
    scenario.is_made()

    again = await scenario.create()

    assert again.headers == {"Idempotent-Replay": "true"}
    assert (again.body.batch.batch_id, again.body.is_listed) == (NEW, True)
    assert len(scenario.platform.sent) == 1


async def test_another_submission_makes_another_batch() -> None:
    scenario = CreationScenario()

    await scenario.create("k-1")
    await scenario.create("k-2")

    assert len(scenario.platform.sent) == 2


@pytest.mark.parametrize(
    ("key", "changes", "status", "reason"),
    [
        (None, {}, 428, None),
        ("k-1", {"class_id": a_class(2).id}, 404, None),
        ("taken", {"expected_essay_count": 4}, 409, "idempotency_key_reused"),
    ],
)
async def test_a_refused_submission_reaches_no_write_route(
    key: str | None, changes: dict[str, Any], status: int, reason: str | None
) -> None:
    scenario = CreationScenario()
    await scenario.create("taken")
    scenario.platform.sent.clear()

    error = await scenario.fail(key, **changes)

    assert (error.status, error.details.get("reason")) == (status, reason)
    assert (scenario.platform.sent, len(scenario.texts.texts)) == ([], 1)


async def test_without_its_instructions_no_batch_is_made() -> None:
    scenario = CreationScenario()
    scenario.texts.down = DownstreamTimeout("content")

    error = await scenario.fail()

    assert error.details == {"service": "content", "part": "instructions", "outcome": "not_sent"}
    assert scenario.platform.sent == []
    scenario.texts.down = None
    assert (await scenario.create()).body.batch.batch_id == NEW


UNSENT = [DownstreamUnreachable("gateway", sent=False), DownstreamRefused("gateway")]
IN_DOUBT = [DownstreamTimeout("gateway"), DownstreamFailed("gateway", upstream_status=500)]


@pytest.mark.parametrize("failure", UNSENT)
async def test_a_batch_that_was_not_made_may_be_made_by_the_same_submission(
    failure: DownstreamError,
) -> None:
    scenario = CreationScenario(platform=FakeRegistrations(fails=failure))

    error = await scenario.fail()
    scenario.platform.fails = None
    created = await scenario.create()

    assert (error.details["part"], error.details["outcome"]) == ("batch", "not_sent")
    assert (created.headers, created.body.batch.batch_id) == ({}, NEW)
    assert list(scenario.texts.texts) == [FIRST_TEXT]


@pytest.mark.parametrize("failure", IN_DOUBT)
async def test_a_batch_that_may_have_been_made_is_looked_for(failure: DownstreamError) -> None:
    scenario = CreationScenario(platform=FakeRegistrations(fails=failure))

    error = await scenario.fail()
    unknown = await scenario.fail()
    scenario.is_made()
    found = await scenario.create()

    assert error.details["outcome"] == "unknown"
    assert (unknown.status, unknown.details["reason"]) == (409, "outcome_unknown")
    assert (found.headers, found.body.batch.batch_id) == ({"Idempotent-Replay": "true"}, NEW)
    assert len(scenario.platform.sent) == 1
    assert scenario.ledger.titles == {NEW: "Krönikor"}


@pytest.mark.parametrize(
    "differs",
    [
        {"prompt": None},
        {"prompt": f"{9:032x}"},
        {"essay_count": 4},
        {"user_id": "erik-1"},
        {"created_at": a_batch(7).created_at},
    ],
    ids=str,
)
async def test_another_batch_is_not_taken_for_the_lost_one(differs: dict[str, Any]) -> None:
    scenario = CreationScenario(platform=FakeRegistrations(fails=DownstreamTimeout("gateway")))
    await scenario.fail()
    scenario.is_made(**differs)

    error = await scenario.fail()

    assert error.details["reason"] == "outcome_unknown"


async def test_a_batch_of_another_submission_is_not_taken_for_the_lost_one() -> None:
    scenario = CreationScenario()
    await scenario.create("k-1", instructions=None)
    scenario.platform.fails = DownstreamTimeout("gateway")
    await scenario.fail("k-2", instructions=None)
    scenario.is_made(prompt=None)

    error = await scenario.fail("k-2", instructions=None)

    assert error.details["reason"] == "outcome_unknown"


@pytest.mark.parametrize("step", [CreationOutcome.UNKNOWN, CreationOutcome.SENDING])
async def test_a_batch_that_either_of_two_submissions_may_have_made_is_taken_for_neither(
    step: CreationOutcome,
) -> None:
    scenario = CreationScenario(platform=FakeRegistrations(fails=DownstreamTimeout("gateway")))
    for key in ("k-1", "k-2"):
        await scenario.fail(key, instructions=None, title=key)
    place = (a_context().user_id, "k-2")
    scenario.ledger.rows[place] = replace(scenario.ledger.rows[place], outcome=step)
    scenario.is_made(prompt=None)
    scenario.now_is_after_the_lease()

    errors = [await scenario.fail(key, instructions=None, title=key) for key in ("k-1", "k-2")]

    assert {one.details["reason"] for one in errors} == {"outcome_unknown"}
    assert scenario.ledger.titles == {}


async def test_a_submission_that_made_nothing_does_not_stand_in_the_way() -> None:
    scenario = CreationScenario(platform=FakeRegistrations(fails=DownstreamRefused("gateway")))
    await scenario.fail("k-1", instructions=None)
    scenario.platform.fails = DownstreamTimeout("gateway")
    await scenario.fail("k-2", instructions=None)
    scenario.is_made(prompt=None)

    assert (await scenario.create("k-2", instructions=None)).body.batch.batch_id == NEW


@pytest.mark.parametrize("step", [CreationOutcome.STARTED, CreationOutcome.SENDING])
async def test_a_process_that_died_leaves_the_submission_for_its_lease(
    step: CreationOutcome,
) -> None:
    scenario = CreationScenario()
    await scenario.create()
    [(place, made)] = scenario.ledger.rows.items()
    scenario.ledger.rows[place] = replace(made, outcome=step, batch_id=None, ended_at=None)

    running = await scenario.fail()
    scenario.now_is_after_the_lease()

    assert (running.details["reason"], running.retry_after) == ("in_progress", 1.0)
    if step is CreationOutcome.STARTED:
        assert (await scenario.create()).headers == {}
        assert len(scenario.platform.sent) == 2
    else:
        assert (await scenario.fail()).details["reason"] == "outcome_unknown"
        assert len(scenario.platform.sent) == 1


async def test_the_end_that_was_not_written_is_found_later() -> None:
    scenario = CreationScenario()
    scenario.ledger.down = {"advance to created"}

    created = await scenario.create()
    scenario.is_made()
    scenario.ledger.down = set()
    scenario.now_is_after_the_lease()
    again = await scenario.create()

    assert created.body.batch.batch_id == again.body.batch.batch_id == NEW
    assert len(scenario.platform.sent) == 1


@pytest.mark.parametrize("method", ["find", "begin", "advance to sending"])
async def test_without_the_ledger_nothing_is_sent(method: str) -> None:
    scenario = CreationScenario()
    scenario.ledger.down = {method}

    error = await scenario.fail()

    assert (error.status, scenario.platform.sent) == (503, [])


async def test_without_time_for_an_answer_nothing_is_sent() -> None:
    scenario = CreationScenario()

    error = await scenario.fail(seconds=0.9)

    assert (error.status, error.details["outcome"]) == (504, "not_sent")
    assert scenario.platform.sent == []
