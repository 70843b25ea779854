"""A teacher reviews a batch and confirms it, also when the BFF dies while it does."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.seed import PEOPLE, SeededBatch, Situation, load_dataset
from tests.e2e.bff_process import BffProcess, bff_process
from tests.e2e.demo_stack import DemoStack
from tests.e2e.dying_bff import POINT
from tests.e2e.screen_reader import Emulators, ScreenReader, teacher_environment

DATA = load_dataset()
BY_ID = {person.user_id: person for person in PEOPLE}
IN_REVIEW = DATA.batches_in(Situation.AWAITING_CONFIRMATION)
BUDGET = 2.0
LEASE = BUDGET + 1.0
CALLS = {"before": 0, "after": 1}
"""Calls that CMS received when the BFF dies before its call, or after."""


@pytest.fixture
def environ(demo: DemoStack, tmp_path: Path) -> dict[str, str]:
    """The demo's environment with an own ledger."""
    return teacher_environment(demo) | {
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}",
        "BFF_TEACHER_SERVICE_CONFIRM_BUDGET": str(BUDGET),
        "BFF_TEACHER_SERVICE_LEDGER_BUDGET": "0.5",
    }


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def review(screens: ScreenReader, batch: SeededBatch) -> dict[str, Any]:
    """A body that accepts every suggestion."""
    path = f"/batches/{batch.batch_id}/associations"
    rows = screens.get(BY_ID[batch.user_id], path).json()["associations"]
    return {
        "decisions": [
            {
                "essay_id": row["essay_id"],
                "student_id": (row["suggested_student"] or {}).get("student_id"),
                "suggestion": row["suggestion"],
            }
            for row in rows
            if row["must_be_decided"]
        ]
    }


def confirm(screens: ScreenReader, batch: SeededBatch, body: dict[str, Any]) -> httpx.Response:
    path = f"/batches/{batch.batch_id}/associations/confirm"
    return screens.post(BY_ID[batch.user_id], path, body)


def test_every_reviewed_batch_is_confirmed_once(
    demo: DemoStack, client: httpx.Client, environ: dict[str, str], tmp_path: Path
) -> None:
    with bff_process(tmp_path, environ) as bff:
        for batch in IN_REVIEW:
            confirm_twice(ScreenReader(demo, bff.url, client), batch)


def confirm_twice(screens: ScreenReader, batch: SeededBatch) -> None:
    emulators = Emulators(screens.demo)
    before = len(emulators.confirmed(batch.batch_id))
    body = review(screens, batch)

    first, again = confirm(screens, batch, body), confirm(screens, batch, body)

    events = emulators.confirmed(batch.batch_id)[before:]
    chosen = [one for one in body["decisions"] if one["student_id"]]
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replay"] == "true"
    assert first.json() == again.json()
    assert [event["validated_by"] for event in events] == [batch.user_id]
    assert sorted(one["essay_id"] for one in events[0]["associations"]) == sorted(
        one["essay_id"] for one in chosen
    )


@pytest.mark.parametrize("point", CALLS)
def test_bff_killed_while_confirming_asks_before_it_confirms_again(
    demo: DemoStack,
    client: httpx.Client,
    environ: dict[str, str],
    tmp_path: Path,
    point: str,
) -> None:
    batch, emulators = IN_REVIEW[0], Emulators(demo)
    before = len(emulators.confirmed(batch.batch_id))

    with bff_process(tmp_path, environ | {POINT: point}, module="tests.e2e.dying_bff") as dying:
        body = review(ScreenReader(demo, dying.url, client), batch)
        with pytest.raises(httpx.TransportError):
            confirm(ScreenReader(demo, dying.url, client), batch, body)
        assert dying.wait_for_its_end() == -9
    assert len(emulators.confirmed(batch.batch_id)) - before == CALLS[point]

    with bff_process(tmp_path, environ) as bff:
        screens = ScreenReader(demo, bff.url, client)
        unknown = once_settled(screens, batch, body)
        forced = confirm(screens, batch, body | {"force": True})
        replay = confirm(screens, batch, body)

    assert unknown.json()["error"]["details"]["reason"] == "outcome_unknown"
    assert (forced.status_code, forced.json()["forced"]) == (200, True)
    assert replay.headers["Idempotent-Replay"] == "true"
    assert len(emulators.confirmed(batch.batch_id)) - before == CALLS[point] + 1


def once_settled(screens: ScreenReader, batch: SeededBatch, body: dict[str, Any]) -> httpx.Response:
    """The answer when the dead attempt no longer counts as running."""
    until = time.monotonic() + LEASE + 2.0
    while True:
        answer = confirm(screens, batch, body)
        assert answer.status_code == 409
        running = answer.json()["error"]["details"]["reason"] == "in_progress"
        if not running or time.monotonic() > until:
            return answer
        time.sleep(float(answer.headers["Retry-After"]) / 4)


def test_two_replicas_confirm_once(
    demo: DemoStack, client: httpx.Client, environ: dict[str, str], tmp_path: Path
) -> None:
    batch, emulators = IN_REVIEW[1], Emulators(demo)
    before = len(emulators.confirmed(batch.batch_id))
    with bff_process(tmp_path, environ) as one, bff_process(tmp_path, environ) as two:
        replicas: list[BffProcess] = [one, two]
        readers = [ScreenReader(demo, bff.url, client) for bff in replicas]
        body = review(readers[0], batch)
        answers = [confirm(reader, batch, body) for reader in readers * 2]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1
    assert len(emulators.confirmed(batch.batch_id)) - before == 1
