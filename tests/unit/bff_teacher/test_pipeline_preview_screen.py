"""The cost of a start, its source, and the parts that no source gives."""

from typing import Any

import pytest

from bff_core.errors import DownstreamTimeout, DownstreamUnreachable, NotAuthorized, NotFound
from services.bff_teacher.ports.workflow import NoInstructions
from tests.unit.bff_teacher.fakes import batch_id
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_row, a_whole_batch
from tests.unit.bff_teacher.start_scenario import (
    POOR,
    FakePreflights,
    StartScenario,
    a_preflight,
)
from tests.unit.bff_teacher.state_fakes import FakeReviews, phases

NLP = {"resolved_pipeline": ("spellcheck", "nlp"), "required_credits": 0, "available_credits": 0}


async def test_a_start_that_is_allowed() -> None:
    preview = await StartScenario().preview()

    assert (preview.batch_id, preview.phase) == (batch_id(1), "cj_assessment")
    assert preview.phases == ["spellcheck", "cj_assessment"]
    assert (preview.allowed, preview.reason) == (True, None)
    numbers = (preview.credits_required, preview.credits_available, preview.missing)
    assert numbers == (300, 847, 0)
    [resource] = preview.by_resource
    assert (resource.resource, resource.amount) == ("cj_comparison", 300)
    assert [(one.name, one.status) for one in preview.parts] == [("preflight", "ok")]


@pytest.mark.parametrize(
    ("found", "reason", "numbers"),
    [
        (POOR, "insufficient_credits", (300, 45, 255)),
        # The platform weighs by price, so its numbers may not explain its word.
        (
            a_preflight(allowed=False, denial_reason="insufficient_credits"),
            "insufficient_credits",
            (300, 847, None),
        ),
        (
            a_preflight(allowed=False, denial_reason="rate_limit_exceeded"),
            "rate_limit",
            (300, 847, 0),
        ),
        (a_preflight(allowed=False, denial_reason="a new word"), "unknown", (300, 847, 0)),
        (a_preflight(**NLP, resource_breakdown={}), None, (0, None, 0)),
    ],
)
async def test_a_denial_and_a_free_pipeline_are_answers(
    found: Any, reason: str | None, numbers: tuple[int | None, ...]
) -> None:
    preview = await StartScenario(preflights=FakePreflights(found)).preview()

    assert (preview.allowed, preview.reason) == (reason is None, reason)
    assert (preview.credits_required, preview.credits_available, preview.missing) == numbers


async def test_a_platform_that_cannot_say_is_missing_and_never_a_go() -> None:
    fails = DownstreamTimeout("bos", reason="timeout")

    preview = await StartScenario(preflights=FakePreflights(fails=fails)).preview()

    assert (preview.allowed, preview.reason, preview.phases) == (False, "unknown", [])
    assert (preview.credits_required, preview.missing) == (None, None)
    assert [(one.status, one.code) for one in preview.parts] == [("missing", fails.code)]


async def test_a_batch_without_instructions() -> None:
    preview = await StartScenario(preflights=FakePreflights(fails=NoInstructions("bos"))).preview()

    assert (preview.allowed, preview.reason, preview.parts[0].status) == (
        False,
        "no_instructions",
        "ok",
    )


async def test_the_price_of_a_batch_that_cannot_start_yet() -> None:
    world = StartScenario(reviews=FakeReviews({batch_id(1): [a_row(1, 1)]}))

    preview = await world.preview()

    assert (preview.allowed, preview.reason) == (False, "awaiting_review")
    assert (preview.credits_required, preview.missing) == (300, 0)


async def test_another_run_after_a_failure_is_allowed() -> None:
    world = StartScenario(batches=FakeBatches([a_whole_batch(1, overall_status="failed")]))
    world.now_shows(phases("spellcheck", "cj_assessment", spellcheck="failed"))

    assert (await world.preview()).allowed


async def test_an_unreadable_state_allows_nothing() -> None:
    down = DownstreamUnreachable("cms", reason="refused")

    preview = await StartScenario(reviews=FakeReviews(down=down)).preview()

    assert (preview.allowed, preview.reason) == (False, "state_unknown")


@pytest.mark.parametrize("phase", ["spellcheck", "ai_feedback", "student_matching", "CJ", ".."])
async def test_what_no_service_runs_has_no_preview(phase: str) -> None:
    world = StartScenario()

    with pytest.raises(NotFound):
        await world.preview(phase)

    assert world.preflights.asked == []


async def test_another_teacher_s_batch_has_no_price() -> None:
    world = StartScenario(batches=FakeBatches([a_whole_batch(1, user_id="erik-1")]))

    with pytest.raises(NotAuthorized):
        await world.preview()

    assert world.preflights.asked == []
