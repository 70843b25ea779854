from typing import Any

import pytest

from bff_core.errors import (
    BffError,
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotAuthorized,
    NotFound,
)
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.ports import TextAbsent, TextTooLarge
from tests.unit.bff_teacher.fakes import FakeStudents, a_context, batch_id
from tests.unit.bff_teacher.screen_builders import an_essay_screen, names_of_parts
from tests.unit.bff_teacher.screen_fakes import (
    FakeBatches,
    FakeTexts,
    a_match,
    a_whole_batch,
    an_essay,
    essay_id,
)

TEXT, PROMPT = "a1" * 16, "b2" * 16
ESSAYS = [
    an_essay(1, cj_score=-1.0, spellcheck_corrected_text_storage_id=TEXT),
    an_essay(2, cj_score=2.0),
    an_essay(3),
]
BATCH = a_whole_batch(1, ESSAYS, {"references": {"student_prompt_text": {"storage_id": PROMPT}}})
TEXTS = {TEXT: "Det var en gång", PROMPT: "Skriv en saga"}
ROUTES = pytest.mark.parametrize("route", [False, True], ids=["batch", "essay route"])


async def load(
    number: int = 1,
    *disabled: str,
    batches: FakeBatches | None = None,
    texts: FakeTexts | None = None,
    students: FakeStudents | None = None,
) -> TeacherEssayFeedbackV1:
    screen = an_essay_screen(
        batches=batches or FakeBatches([BATCH]),
        students=students,
        texts=texts or FakeTexts(TEXTS),
        disabled=frozenset(disabled),
    )
    return (await screen.load(a_context(), batch_id(1), essay_id(number))).body


def missing(answer: TeacherEssayFeedbackV1) -> dict[str, str | None]:
    return {part.name: part.code for part in answer.parts if part.status == "missing"}


@ROUTES
async def test_essay_stands_between_its_neighbours(*, route: bool) -> None:
    answer = await load(1, batches=FakeBatches([BATCH], has_essay_route=route))

    assert (answer.rank, answer.ranked_essays) == (2, 2)
    assert str(answer.previous_essay_id) == essay_id(2)
    assert str(answer.next_essay_id) == essay_id(3)
    assert (answer.corrected_text, answer.prompt) == ("Det var en gång", "Skriv en saga")
    assert missing(answer) == {}


@ROUTES
async def test_ends_of_the_order_have_no_neighbour(*, route: bool) -> None:
    batches = FakeBatches([BATCH], has_essay_route=route)

    first, last = await load(2, batches=batches), await load(3, batches=batches)

    assert (first.previous_essay_id, last.next_essay_id) == (None, None)
    assert (first.rank, last.rank) == (1, None)


async def test_only_essay_has_neither_neighbour() -> None:
    answer = await load(1, batches=FakeBatches([a_whole_batch(1, [an_essay(1)])]))

    assert (answer.previous_essay_id, answer.next_essay_id) == (None, None)


@ROUTES
async def test_both_ways_give_the_same_answer(*, route: bool) -> None:
    students = FakeStudents(names=[a_match(1, 4)])

    answer = await load(1, batches=FakeBatches([BATCH], has_essay_route=route), students=students)

    assert answer == await load(1, students=students)


@ROUTES
@pytest.mark.parametrize(
    ("failure", "number", "expected"),
    [
        (None, 9, NotFound),
        (NotFound(details={"reason": "not_yet_available"}), 9, NotFound),
        (DownstreamFailed("ras"), 9, DownstreamFailed),
    ],
)
async def test_essay_that_is_not_there_is_refused_alike_both_ways(
    failure: BffError | None, number: int, expected: type[BffError], *, route: bool
) -> None:
    failures = {batch_id(1): failure} if failure else {}
    batches = FakeBatches([BATCH], failures, has_essay_route=route)

    with pytest.raises(expected):
        await load(number, batches=batches)


@ROUTES
@pytest.mark.parametrize("number", [1, 9])
async def test_another_teacher_s_essay_is_refused_alike_both_ways(
    number: int, *, route: bool
) -> None:
    foreign = a_whole_batch(1, ESSAYS, user_id="erik-1")
    texts = FakeTexts(TEXTS)

    with pytest.raises(NotAuthorized):
        await load(number, batches=FakeBatches([foreign], has_essay_route=route), texts=texts)

    assert texts.requested == []


async def test_essay_route_that_fails_leaves_it_to_the_batch() -> None:
    batches = FakeBatches([BATCH], essay_down=DownstreamTimeout("ras"))

    assert (await load(1, batches=batches)).rank == 2


async def test_batch_that_fails_costs_the_order_when_there_is_an_essay_route() -> None:
    class OnlyEssays(FakeBatches):
        async def get(self, ctx: Any, batch_id: str) -> Any:
            raise DownstreamTimeout("ras")

    answer = await load(1, batches=OnlyEssays([BATCH], has_essay_route=True))

    assert missing(answer) == {"order": "TIMEOUT", "prompt": "TIMEOUT"}
    assert (answer.rank, answer.ranked_essays, answer.next_essay_id) == (None, None, None)
    assert answer.corrected_text == "Det var en gång"


async def test_both_failing_is_an_error_that_names_the_essay() -> None:
    batches = FakeBatches(
        [BATCH], {batch_id(1): DownstreamFailed("ras")}, essay_down=DownstreamTimeout("ras")
    )

    with pytest.raises(DownstreamFailed) as failed:
        await load(1, batches=batches)

    assert failed.value.details["part"] == "essay"


@ROUTES
async def test_essay_that_was_read_too_long_ago_is_not_shown(*, route: bool) -> None:
    with pytest.raises(DownstreamUnreachable):
        await load(1, batches=FakeBatches([BATCH], has_essay_route=route, age=61.0))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (TextTooLarge("content"), "TOO_LARGE"),
        (TextAbsent("content"), "RESOURCE_NOT_FOUND"),
        (DownstreamUnreachable("content"), "CONNECTION_ERROR"),
    ],
)
async def test_text_that_cannot_be_had_says_why(failure: BffError, code: str) -> None:
    answer = await load(1, texts=FakeTexts(down=failure))  # type: ignore[arg-type]

    assert missing(answer) == {"text": code, "prompt": code}
    assert (answer.corrected_text, answer.prompt) == (None, None)


async def test_text_that_does_not_exist_yet_is_null_without_a_call() -> None:
    texts = FakeTexts()

    answer = await load(3, batches=FakeBatches([a_whole_batch(1, ESSAYS)]), texts=texts)

    assert (answer.corrected_text, answer.prompt, texts.requested) == (None, None, [])
    assert missing(answer) == {}


@pytest.mark.parametrize(
    "odd",
    ["A1" * 16, "a1" * 15, "../" * 11, "a1" * 16 + "\n", "6f1e3c5a-1b2c-4d5e-8f90-a1b2c3d4e5f6"],
)
async def test_storage_id_of_another_form_is_never_requested(odd: str) -> None:
    essay = an_essay(1, spellcheck_corrected_text_storage_id=odd)
    texts = FakeTexts()

    answer = await load(1, batches=FakeBatches([a_whole_batch(1, [essay])]), texts=texts)

    assert texts.requested == []
    assert missing(answer) == {"text": "EXTERNAL_SERVICE_ERROR"}


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [], {}, {"references": None}, {"references": {"student_prompt_text": 1}}]
)
async def test_odd_prompt_reference_means_no_prompt(odd: object) -> None:
    answer = await load(1, batches=FakeBatches([a_whole_batch(1, ESSAYS, odd)]))

    assert answer.prompt is None
    assert missing(answer) == {}


async def test_parts_that_are_disabled_are_neither_fetched_nor_listed() -> None:
    broken = AssertionError("asked")

    answer = await load(
        1,
        "order",
        "text",
        "prompt",
        "student",
        texts=FakeTexts(down=broken),  # type: ignore[arg-type]
        students=FakeStudents(down=broken),  # type: ignore[arg-type]
    )

    assert names_of_parts(answer).isdisjoint({"order", "text", "prompt", "student"})
    assert (answer.rank, answer.previous_essay_id) == (None, None)
