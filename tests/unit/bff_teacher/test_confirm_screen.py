from typing import Any

import pytest

from bff_core.errors import (
    Conflict,
    DownstreamFailed,
    DownstreamTimeout,
    NotAuthorized,
    NotFound,
    ValidationFailed,
)
from tests.unit.bff_teacher.confirm_scenario import (
    FOREIGN_STUDENT,
    GOOD,
    OTHER,
    PLACEHOLDER,
    REPLAY,
    ROWS,
    UNMATCHED,
    ConfirmScenario,
    refused,
)
from tests.unit.bff_teacher.fakes import a_class, batch_id
from tests.unit.bff_teacher.screen_fakes import (
    FakeAssociations,
    FakeBatches,
    MemoryConfirmations,
    a_row,
    a_whole_batch,
    essay_id,
    student_id,
)
from tests.unit.bff_teacher.state_fakes import phases


async def test_decisions_reach_cms_once_with_what_it_wants() -> None:
    scenario = ConfirmScenario()

    answer = await scenario.confirm(*GOOD)

    ((confirmed_id, items),) = scenario.cms.confirmed
    assert confirmed_id == batch_id(1)
    assert [(one.essay_id, one.student_id, one.confirmed) for one in items] == [
        (essay_id(1), student_id(1), True),
        (essay_id(2), None, False),
        (essay_id(3), student_id(3), True),
    ]
    assert (answer.body.associations_confirmed, answer.body.associations_rejected) == (2, 1)
    assert (answer.body.forced, answer.headers) == (False, {})


async def test_same_decisions_in_another_order_replay_the_result() -> None:
    scenario = ConfirmScenario()
    first = await scenario.confirm(*GOOD)

    again = await scenario.confirm(*reversed(GOOD))

    assert (again.body, again.headers) == (first.body, REPLAY)
    assert len(scenario.cms.confirmed) == 1


async def test_same_key_replays_what_was_confirmed() -> None:
    scenario = ConfirmScenario()
    first = await scenario.confirm(*GOOD, key="k-1")

    again = await scenario.confirm(*OTHER, key="k-1")

    assert (again.body, again.headers) == (first.body, REPLAY)


@pytest.mark.parametrize("options", [{}, {"key": "k-2"}, {"force": True}])
async def test_other_decisions_are_refused_with_what_was_confirmed_and_when(
    options: dict[str, Any],
) -> None:
    scenario = ConfirmScenario()
    first = await scenario.confirm(*GOOD, key="k-1")

    error = await refused(scenario, *OTHER, **options)

    assert isinstance(error, Conflict)
    assert error.details["reason"] == "already_confirmed"
    assert error.details["confirmed_at"] == "2026-01-31T12:00:00.000000Z"
    assert error.details["decisions"] == first.body.model_dump(mode="json")["decisions"]


async def test_unmatched_essay_may_be_decided() -> None:
    answer = await ConfirmScenario().confirm(*GOOD, (UNMATCHED, 5))

    assert answer.body.associations_confirmed == 3


@pytest.mark.parametrize(
    ("pairs", "pointer"),
    [
        (((1, FOREIGN_STUDENT), *GOOD[1:]), "/decisions/0/student_id"),
        (((1, PLACEHOLDER), *GOOD[1:]), "/decisions/0/student_id"),
        (((1, 1234), *GOOD[1:]), "/decisions/0/student_id"),
        ((*GOOD, (55, 5)), "/decisions/3/essay_id"),
        ((*GOOD, (55, None)), "/decisions/3/essay_id"),
    ],
)
async def test_unknown_id_is_not_found_and_named(pairs: Any, pointer: str) -> None:
    error = await refused(ConfirmScenario(), *pairs)

    assert isinstance(error, NotFound)
    flaws: Any = error.details["errors"]
    (flaw,) = flaws
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
    error = await refused(ConfirmScenario(), *pairs)

    assert isinstance(error, ValidationFailed)
    assert [flaw["pointer"] for flaw in error.details["errors"]] == pointers  # type: ignore[attr-defined]


async def test_student_of_no_class_is_not_found() -> None:
    scenario = ConfirmScenario()
    scenario.classes.rows = []

    assert isinstance(await refused(scenario, *GOOD), NotFound)


async def test_student_of_any_own_class_may_be_chosen() -> None:
    scenario = ConfirmScenario()
    scenario.classes.rows.append(a_class(2))

    assert (
        await scenario.confirm((1, FOREIGN_STUDENT), *GOOD[1:])
    ).body.associations_confirmed == 2


async def test_batch_without_matches_has_nothing_to_confirm() -> None:
    error = await refused(ConfirmScenario(cms=FakeAssociations()), *GOOD)

    assert isinstance(error, NotFound)
    assert error.details == {"reason": "nothing_to_review"}


async def test_matches_that_cannot_all_be_read_are_not_confirmed() -> None:
    scenario = ConfirmScenario()
    scenario.cms.skipped = 1

    error = await refused(scenario, *GOOD)

    assert (type(error), error.details["part"]) == (DownstreamFailed, "associations")


async def test_another_teacher_s_batch_is_refused() -> None:
    scenario = ConfirmScenario(batches=FakeBatches([a_whole_batch(1, user_id="erik-1")]))
    scenario.cms.down = AssertionError("asked")  # type: ignore[assignment]

    assert isinstance(await refused(scenario, *GOOD), NotAuthorized)


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        (FakeBatches([]), NotFound),
        (FakeBatches([a_whole_batch(1, user_id="erik-1")]), NotAuthorized),
    ],
    ids=["unknown", "another teacher's"],
)
async def test_a_batch_that_is_not_the_teacher_s_does_not_use_the_ledger(
    batches: FakeBatches, expected: type[Exception]
) -> None:
    ledger = MemoryConfirmations(down={"latest", "begin"})
    scenario = ConfirmScenario(batches=batches, ledger=ledger)

    assert isinstance(await refused(scenario, *GOOD), expected)


async def test_what_another_teacher_confirmed_is_not_disclosed() -> None:
    scenario = ConfirmScenario()
    await scenario.confirm(*GOOD, key="k-1")
    scenario.batches = FakeBatches([a_whole_batch(1, user_id="erik-1")])

    error = await refused(scenario, *GOOD, key="k-1")

    assert (type(error), error.details) == (NotAuthorized, {})


@pytest.mark.parametrize("down", ["students", "classes"])
async def test_nothing_is_decided_while_the_rosters_are_missing(down: str) -> None:
    scenario = ConfirmScenario()
    getattr(scenario, down).down = DownstreamTimeout("cms")

    error = await refused(scenario, (1, None), (2, None), (3, None))

    assert isinstance(error, Conflict)
    assert error.details == {"reason": "suggestions_unknown", "part": "roster", "code": "TIMEOUT"}
    assert error.retry_after == 1.0


async def test_a_suggestion_that_the_client_did_not_know_is_not_rejected() -> None:
    scenario = ConfirmScenario()

    error = await refused(scenario, *GOOD, suggestions={2: "unknown", 3: "unknown"})

    assert isinstance(error, Conflict)
    assert error.details == {"reason": "suggestions_unknown", "essay_ids": [essay_id(2)]}


@pytest.mark.parametrize("pairs", [((1, None), *GOOD[1:]), ((1, FOREIGN_STUDENT), *GOOD[1:])])
async def test_a_student_in_an_unread_row_of_a_roster_is_not_decided_on(pairs: Any) -> None:
    scenario = ConfirmScenario(cms=FakeAssociations([a_row(1, FOREIGN_STUDENT), *ROWS[1:]]))
    scenario.students.skipped = 1

    error = await refused(scenario, *pairs)

    assert isinstance(error, Conflict)
    assert error.details == {"reason": "suggestions_unknown", "essay_ids": [essay_id(1)]}


async def test_what_a_client_knew_may_be_sent_back() -> None:
    scenario = ConfirmScenario()

    answer = await scenario.confirm(*GOOD, suggestions={1: "known", 2: "none", 3: "known"})

    assert answer.body.associations_rejected == 1


@pytest.mark.parametrize(
    ("spellcheck", "reason"),
    [("dispatch_initiated", "processing"), ("failed", "nothing_to_review")],
)
async def test_batch_that_has_begun_is_not_confirmed(spellcheck: str, reason: str) -> None:
    scenario = ConfirmScenario()
    scenario.pipelines.states = {batch_id(1): phases("spellcheck", spellcheck=spellcheck)}

    error = await refused(scenario, *GOOD)

    assert (error.status, error.details) == (409, {"reason": reason})


async def test_batch_of_unknown_state_is_not_confirmed_yet() -> None:
    scenario = ConfirmScenario()
    scenario.pipelines.down = DownstreamTimeout("bos")

    error = await refused(scenario, *GOOD)

    assert (error.status, error.details["reason"]) == (409, "state_unknown")
    assert error.retry_after == 1.0
