from typing import Any

import pytest

from bff_core.errors import (
    BffError,
    CircuitOpen,
    Conflict,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotAuthorized,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from services.bff_teacher.protocols import Outcome
from tests.unit.bff_teacher.confirm_stage import FOREIGN, GOOD, NOBODY, OTHER, UNMATCHED, Stage
from tests.unit.bff_teacher.fakes import ANNA, a_class, batch_id
from tests.unit.bff_teacher.screen_fakes import (
    FakeAssociations,
    FakeBatches,
    MemoryConfirmations,
    a_whole_batch,
    essay_id,
    student_id,
)

REPLAY = {"Idempotent-Replay": "true"}
REFUSED = DownstreamRefused("cms", upstream_status=400, spoke_json=True)


async def refused(stage: Stage, *pairs: Any, **options: Any) -> BffError:
    """The refusal; CMS was not told anything more."""
    before = len(stage.cms.confirmed)
    with pytest.raises(BffError) as caught:
        await stage.confirm(*pairs, **options)
    assert len(stage.cms.confirmed) == before
    return caught.value


async def failed(stage: Stage, error: DownstreamError) -> DownstreamError:
    """What comes of a confirmation that CMS answers with an error."""
    stage.cms.confirm_fails = error
    with pytest.raises(DownstreamError) as caught:
        await stage.confirm(*GOOD)
    stage.cms.confirm_fails = None
    return caught.value


async def test_decisions_reach_cms_once_with_what_it_wants() -> None:
    stage = Stage()

    answer = await stage.confirm(*GOOD)

    ((told, items),) = stage.cms.confirmed
    assert told == batch_id(1)
    assert [(one.essay_id, one.student_id, one.confirmed) for one in items] == [
        (essay_id(1), student_id(1), True),
        (essay_id(2), None, False),
        (essay_id(3), student_id(3), True),
    ]
    assert (answer.body.associations_confirmed, answer.body.associations_rejected) == (2, 1)
    assert (answer.body.forced, answer.headers) == (False, {})


async def test_same_decisions_in_another_order_replay_the_result() -> None:
    stage = Stage()
    first = await stage.confirm(*GOOD)

    again = await stage.confirm(*reversed(GOOD))

    assert (again.body, again.headers) == (first.body, REPLAY)
    assert len(stage.cms.confirmed) == 1


async def test_same_key_replays_what_was_confirmed() -> None:
    stage = Stage()
    first = await stage.confirm(*GOOD, key="k-1")

    again = await stage.confirm(*OTHER, key="k-1")

    assert (again.body, again.headers) == (first.body, REPLAY)


@pytest.mark.parametrize("options", [{}, {"key": "k-2"}, {"force": True}])
async def test_other_decisions_are_refused_with_what_was_confirmed_and_when(
    options: dict[str, Any],
) -> None:
    stage = Stage()
    first = await stage.confirm(*GOOD, key="k-1")

    error = await refused(stage, *OTHER, **options)

    assert isinstance(error, Conflict)
    assert error.details["reason"] == "already_confirmed"
    assert error.details["confirmed_at"] == "2026-01-31T12:00:00.000000Z"
    assert error.details["decisions"] == first.body.model_dump(mode="json")["decisions"]


async def test_unmatched_essay_may_be_decided() -> None:
    answer = await Stage().confirm(*GOOD, (UNMATCHED, 5))

    assert answer.body.associations_confirmed == 3


@pytest.mark.parametrize(
    ("pairs", "pointer"),
    [
        (((1, FOREIGN), *GOOD[1:]), "/decisions/0/student_id"),
        (((1, NOBODY), *GOOD[1:]), "/decisions/0/student_id"),
        (((1, 1234), *GOOD[1:]), "/decisions/0/student_id"),
        ((*GOOD, (55, 5)), "/decisions/3/essay_id"),
        ((*GOOD, (55, None)), "/decisions/3/essay_id"),
    ],
)
async def test_stranger_is_not_found_and_named(pairs: Any, pointer: str) -> None:
    error = await refused(Stage(), *pairs)

    assert isinstance(error, NotFound)
    (flaw,) = error.details["errors"]  # type: ignore[misc]  # as we wrote it
    assert flaw["pointer"] == pointer


@pytest.mark.parametrize(
    ("pairs", "pointers"),
    [
        (GOOD[:2], ["/decisions"]),
        (GOOD[:1], ["/decisions", "/decisions"]),
        ((*GOOD, (1, 1)), ["/decisions/3/essay_id", "/decisions/3/student_id"]),
        ((*GOOD, (1, None)), ["/decisions/3/essay_id"]),
        (((1, 1), (2, 1), (3, 1)), ["/decisions/1/student_id", "/decisions/2/student_id"]),
    ],
)
async def test_incomplete_or_contradicting_decisions_are_refused_and_all_named(
    pairs: Any, pointers: list[str]
) -> None:
    error = await refused(Stage(), *pairs)

    assert isinstance(error, ValidationFailed)
    assert [flaw["pointer"] for flaw in error.details["errors"]] == pointers  # type: ignore[attr-defined]


async def test_student_of_nobody_s_class_is_a_stranger() -> None:
    stage = Stage()
    stage.classes.rows = []

    assert isinstance(await refused(stage, *GOOD), NotFound)


async def test_student_of_any_own_class_may_be_chosen() -> None:
    stage = Stage()
    stage.classes.rows.append(a_class(2))

    assert (await stage.confirm((1, FOREIGN), *GOOD[1:])).body.associations_confirmed == 2


async def test_batch_without_matches_has_nothing_to_confirm() -> None:
    error = await refused(Stage(cms=FakeAssociations()), *GOOD)

    assert isinstance(error, NotFound)
    assert error.details == {"reason": "nothing_to_review"}


async def test_matches_that_cannot_all_be_read_are_not_confirmed() -> None:
    stage = Stage()
    stage.cms.skipped = 1

    error = await refused(stage, *GOOD)

    assert (type(error), error.details["part"]) == (DownstreamFailed, "associations")


async def test_another_teacher_s_batch_is_refused() -> None:
    stage = Stage(batches=FakeBatches([a_whole_batch(1, user_id="erik-1")]))
    stage.cms.down = AssertionError("asked")  # type: ignore[assignment]

    assert isinstance(await refused(stage, *GOOD), NotAuthorized)


async def test_what_another_teacher_confirmed_is_not_told() -> None:
    stage = Stage()
    await stage.confirm(*GOOD, key="k-1")
    stage.batches = FakeBatches([a_whole_batch(1, user_id="erik-1")])

    error = await refused(stage, *GOOD, key="k-1")

    assert (type(error), error.details) == (NotAuthorized, {})


async def test_ledger_down_is_503_before_anybody_is_asked() -> None:
    broken = FakeBatches(failures={batch_id(1): AssertionError("asked")})  # type: ignore[dict-item]
    stage = Stage(batches=broken, ledger=MemoryConfirmations(down={"latest"}))

    assert isinstance(await refused(stage, *GOOD), Unavailable)


async def test_ledger_that_takes_no_intent_is_503_before_the_call() -> None:
    stage = Stage(ledger=MemoryConfirmations(down={"begin"}))

    assert isinstance(await refused(stage, *GOOD), Unavailable)


async def test_result_that_cannot_be_written_is_still_the_truth() -> None:
    ledger = MemoryConfirmations(down={"end"})
    stage = Stage(ledger=ledger)

    answer = await stage.confirm(*GOOD)
    ledger.down.clear()
    error = await refused(stage, *GOOD)

    assert answer.body.status == "confirmed"
    assert error.details["reason"] == "in_progress"


@pytest.mark.parametrize(
    "error",
    [
        DownstreamTimeout("cms", reason="deadline"),
        DownstreamUnreachable("cms", reason="ServerDisconnectedError"),
        DownstreamFailed("cms", reason="status", upstream_status=500),
        DownstreamFailed("cms", reason="Undecodable"),
        DownstreamFailed("cms", reason="content_type"),
    ],
)
async def test_cms_that_may_have_acted_leaves_it_unknown_until_forced(
    error: DownstreamError,
) -> None:
    stage = Stage()

    told = await failed(stage, error)
    for options in ({}, {"key": "k-1"}):
        again = await refused(stage, *GOOD, **options)
        assert again.details["reason"] == "outcome_unknown"
    forced = await stage.confirm(*GOOD, force=True)

    assert (told.details["part"], told.details["outcome"]) == ("confirm", "unknown")
    assert (forced.body.forced, len(stage.cms.confirmed)) == (True, 2)


async def test_force_is_recorded_with_who_and_replayed_as_such() -> None:
    ledger = MemoryConfirmations()
    stage = Stage(ledger=ledger)
    await failed(stage, DownstreamTimeout("cms"))
    await stage.confirm(*OTHER, force=True)

    replay = await stage.confirm(*OTHER)

    first, second = ledger.attempts[batch_id(1)]
    assert (first.outcome, first.forced) == (Outcome.UNKNOWN, False)
    assert (second.outcome, second.forced, second.user_id) == (Outcome.CONFIRMED, True, ANNA)
    assert (replay.body.forced, replay.headers) == (True, REPLAY)


@pytest.mark.parametrize(
    "error",
    [
        CircuitOpen("cms"),
        DownstreamSaturated("cms"),
        DownstreamTimeout("cms", reason="no_time_left"),
        DownstreamUnreachable("cms", reason="ClientConnectorError"),
        REFUSED,
    ],
)
async def test_cms_that_was_not_asked_or_refused_leaves_the_way_free(
    error: DownstreamError,
) -> None:
    stage = Stage()

    told = await failed(stage, error)
    answer = await stage.confirm(*GOOD, force=True)

    assert told.details["outcome"] == "not_sent"
    assert (answer.body.forced, answer.headers) == (False, {})


async def test_attempt_that_is_running_is_waited_for_even_when_forced() -> None:
    stage = Stage(ledger=MemoryConfirmations(down={"end"}))
    await stage.confirm(*GOOD)

    for force in (False, True):
        error = await refused(stage, *GOOD, force=force)
        assert (error.details["reason"], error.retry_after) == ("in_progress", 1.0)


async def test_attempt_that_never_ended_is_unknown_after_its_lease() -> None:
    ledger = MemoryConfirmations(down={"end"})
    stage = Stage(ledger=ledger)
    await stage.confirm(*GOOD)
    ledger.down.clear()
    stage.clock.advance(7.0)

    error = await refused(stage, *GOOD)
    forced = await stage.confirm(*GOOD, force=True)

    assert error.details["reason"] == "outcome_unknown"
    assert forced.body.forced


async def test_irreversible_call_is_not_begun_with_too_little_time() -> None:
    error = await refused(Stage(), *GOOD, seconds=0.9)

    assert isinstance(error, DownstreamTimeout)
