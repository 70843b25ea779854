"""Screens 2 to 4 show the seed's data to its owner alone."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from devstack.seed import PEOPLE, DemoUser, SeededBatch, load_dataset
from tests.e2e.bff_process import bff_process
from tests.e2e.demo_stack import DemoStack
from tests.e2e.screen_reader import Emulators, ScreenReader, teacher_environment
from tests.e2e.screens_oracle import ScreensOracle

DATA = load_dataset()
ORACLE = ScreensOracle(DATA)
BY_ID = {person.user_id: person for person in PEOPLE}
TEACHERS = [BY_ID[owner] for owner in sorted({batch.user_id for batch in DATA.batches})]
KEYS = [f"{batch.situation}-{batch.batch_id[:8]}" for batch in DATA.batches]
BATCH = DATA.batches[-1]
DETAIL_PARTS = [
    "batch",
    "class_name",
    "student_names",
    "file_state",
    "phases",
    "validation",
    "titles",
]
ESSAY_PARTS = ["essay", "order", "text", "prompt", "student"]
REVIEW_PARTS = ["owner", "associations", "roster", "filenames"]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def screens(demo: DemoStack, client: httpx.Client) -> ScreenReader:
    """The demo's own BFF, which has found out that its RAS has no essay route."""
    reader = ScreenReader(demo, demo.teacher_doors[-1], client)
    reader.get(BY_ID[BATCH.user_id], f"/batches/{BATCH.batch_id}/essays/{BATCH.batch_id}")
    return reader


@pytest.fixture(scope="module")
def emulators(demo: DemoStack) -> Emulators:
    return Emulators(demo)


@pytest.fixture(scope="module")
def with_essay_route(
    screens: ScreenReader,
    emulators: Emulators,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ScreenReader]:
    """A BFF in front of a RAS that has the newer route."""
    emulators.turn("ras", "essay_endpoint", "on")
    try:
        with bff_process(tmp_path_factory.mktemp("bff"), teacher_environment(screens.demo)) as bff:
            yield ScreenReader(screens.demo, bff.url, screens.client)
    finally:
        emulators.turn("ras", "essay_endpoint", "off")


def body(answer: httpx.Response, parts: list[str]) -> dict[str, Any]:
    """The answer without its parts, none of which may be missing; the demo does not change."""
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    told = shown.pop("parts")
    assert [part["name"] for part in told] == parts
    assert {part["status"] for part in told} <= {"ok", "stale"}
    return shown


@pytest.mark.parametrize("batch", DATA.batches, ids=KEYS)
def test_every_batch_equals_the_seed(screens: ScreenReader, batch: SeededBatch) -> None:
    owner = BY_ID[batch.user_id]
    for language in ("en", "sv"):
        answer = screens.get(owner, f"/batches/{batch.batch_id}", Accept_Language=language)

        assert body(answer, DETAIL_PARTS) == ORACLE.detail(batch, language)
        assert answer.headers["Content-Language"] == language
        # A gateway in front adds its own.
        assert "Accept-Language" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("batch", DATA.batches, ids=KEYS)
def test_every_essay_equals_the_seed_with_and_without_its_own_route(
    screens: ScreenReader, with_essay_route: ScreenReader, batch: SeededBatch
) -> None:
    owner = BY_ID[batch.user_id]
    for essay in batch.visible_essays:
        path = f"/batches/{batch.batch_id}/essays/{essay.essay_id}"
        expected = ORACLE.feedback(batch, essay.essay_id, "en")

        assert body(screens.get(owner, path), ESSAY_PARTS) == expected
        assert body(with_essay_route.get(owner, path), ESSAY_PARTS) == expected


@pytest.mark.parametrize("batch", DATA.batches, ids=KEYS)
def test_every_review_equals_the_seed(screens: ScreenReader, batch: SeededBatch) -> None:
    answer = screens.get(BY_ID[batch.user_id], f"/batches/{batch.batch_id}/associations")

    assert body(answer, REVIEW_PARTS) == ORACLE.associations(batch)


def test_essay_route_is_not_asked_again_where_there_is_none_but_each_time_where_there_is(
    screens: ScreenReader, with_essay_route: ScreenReader, emulators: Emulators
) -> None:
    batch = next(batch for batch in DATA.batches if len(batch.visible_essays) > 3)
    paths = [f"/batches/{batch.batch_id}/essays/{one.essay_id}" for one in batch.visible_essays[:3]]
    emulators.forget()

    for path in paths:
        screens.get(BY_ID[batch.user_id], path)
    without = [path for path in emulators.asked("ras") if "/essays/" in path]
    for path in paths:
        with_essay_route.get(BY_ID[batch.user_id], path)
    asked = [path for path in emulators.asked("ras") if "/essays/" in path]

    assert (len(without), len(asked)) == (0, 3)


def paths_of(batch: SeededBatch) -> list[str]:
    base = f"/batches/{batch.batch_id}"
    essay = batch.essays[0].essay_id if batch.essays else batch.batch_id
    return [base, f"{base}/essays/{essay}", f"{base}/essays/{base[-36:]}", f"{base}/associations"]


@pytest.mark.parametrize("reader", ["screens", "with_essay_route"])
@pytest.mark.parametrize("stranger", TEACHERS, ids=lambda person: person.first_name)
def test_another_teacher_s_batch_is_refused_and_nobody_else_is_asked(
    request: pytest.FixtureRequest, emulators: Emulators, stranger: DemoUser, reader: str
) -> None:
    screens: ScreenReader = request.getfixturevalue(reader)
    foreign = [batch for batch in DATA.batches if batch.user_id != stranger.user_id]
    emulators.forget()

    answers = [screens.get(stranger, path) for batch in foreign for path in paths_of(batch)]
    answers += [
        screens.post(stranger, f"/batches/{batch.batch_id}/associations/confirm", decide(batch))
        for batch in foreign
    ]

    said = [
        {name: error[name] for name in ("code", "message", "details")}
        for error in (answer.json()["error"] for answer in answers)
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert all(one == said[0] for one in said)
    assert said[0]["code"] == "AUTHORIZATION_ERROR"
    assert [emulators.asked(name) for name in ("cms", "files", "content")] == [[], [], []]


def decide(batch: SeededBatch) -> dict[str, Any]:
    essay = batch.essays[0].essay_id if batch.essays else batch.batch_id
    return {"decisions": [{"essay_id": essay, "student_id": None}]}


@pytest.mark.parametrize("reader", ["screens", "with_essay_route"])
def test_essay_of_another_own_batch_is_not_in_this_one(
    request: pytest.FixtureRequest, reader: str
) -> None:
    screens: ScreenReader = request.getfixturevalue(reader)
    for teacher in TEACHERS:
        mine = [batch for batch in DATA.batches_of(teacher.user_id) if batch.visible_essays]
        for batch, other in pairwise(mine):
            essay = other.visible_essays[0].essay_id

            answer = screens.get(teacher, f"/batches/{batch.batch_id}/essays/{essay}")

            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "RESOURCE_NOT_FOUND"


ODD_IDS = [
    "not-a-uuid",
    "legacy-batch-0001",
    "..",
    "%2e%2e",
    "%2E%2e%2f%2e%2e",
    "user",
    "a" * 300,
    "%00",
    f"{BATCH.batch_id}%00",
    f"{BATCH.batch_id}%20",
    f"{BATCH.batch_id}%2fstatus",
    f"%7b{BATCH.batch_id}%7d",
    BATCH.batch_id.replace("-", ""),
    "1" * 36,
    "%EF%BC%91" * 36,
    "",
]


@pytest.mark.parametrize("odd", ODD_IDS)
def test_odd_id_is_a_refusal_and_reaches_nobody(
    screens: ScreenReader, emulators: Emulators, odd: str
) -> None:
    emulators.forget()
    owner = BY_ID[BATCH.user_id]
    base = "/v1/teacher/batches"

    statuses = [
        screens.get_raw(owner, f"{base}/{odd}"),
        screens.get_raw(owner, f"{base}/{odd}/associations"),
        screens.get_raw(owner, f"{base}/{odd}/essays/{BATCH.essays[0].essay_id}"),
        screens.get_raw(owner, f"{base}/{BATCH.batch_id}/essays/{odd}"),
    ]

    assert all(400 <= status < 500 for status in statuses)
    assert emulators.asked("ras") == []


def test_id_in_upper_case_is_the_same_id(screens: ScreenReader) -> None:
    path = f"/batches/{BATCH.batch_id.upper()}/essays/{BATCH.essays[0].essay_id.upper()}"

    answer = screens.get(BY_ID[BATCH.user_id], path)

    assert answer.json()["essay_id"] == BATCH.essays[0].essay_id


@pytest.mark.parametrize("reader", ["screens", "with_essay_route"])
def test_batch_that_is_not_there_yet_says_so(request: pytest.FixtureRequest, reader: str) -> None:
    screens: ScreenReader = request.getfixturevalue(reader)
    (new,) = DATA.bos_only
    batch = f"/batches/{new.batch_id}"
    paths = [batch, f"{batch}/associations", f"{batch}/essays/{new.batch_id}"]

    answers = [screens.get(BY_ID[new.user_id], path) for path in paths]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    for answer in answers:
        assert answer.json()["error"]["details"] == {"reason": "not_yet_available"}


@pytest.mark.parametrize("reader", ["screens", "with_essay_route"])
def test_unknown_batch_is_404_and_502_when_results_cannot_tell(
    request: pytest.FixtureRequest, emulators: Emulators, reader: str
) -> None:
    screens: ScreenReader = request.getfixturevalue(reader)
    nowhere = "/batches/00000000-0000-4000-8000-000000000000"
    paths = [nowhere, f"{nowhere}/associations", f"{nowhere}/essays/{BATCH.batch_id}"]

    unknown = [screens.get(TEACHERS[0], path) for path in paths]
    emulators.turn("ras", "bos", "down")
    try:
        broken = [screens.get(TEACHERS[0], path) for path in paths]
    finally:
        emulators.turn("ras", "bos", "up")

    assert [answer.status_code for answer in unknown] == [404] * 3
    assert {answer.json()["error"]["code"] for answer in unknown} == {"RESOURCE_NOT_FOUND"}
    assert [answer.status_code for answer in broken] == [502] * 3
    told = [answer.json()["error"]["details"].get("part") for answer in broken]
    assert told == ["batch", "owner", "essay"]


def test_nothing_that_the_platform_says_of_failures_leaves(screens: ScreenReader) -> None:
    for batch in DATA.batches:
        owner = BY_ID[batch.user_id]
        answer = screens.get(owner, f"/batches/{batch.batch_id}").text

        for word in ("Traceback", "stack", "content_client", "not readable", owner.user_id):
            assert word not in answer
