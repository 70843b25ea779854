"""Each row of the truth table that only events can tell, as the open streams show it."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import pytest

from devstack.effects.registration import register
from devstack.effects.world import batch_of, essay_id_at, set_phase
from devstack.emulators.database import Row
from devstack.events import Event, batches, moment, outbox, pipelines
from devstack.seed import TRUTH_TABLE, DemoUser, Situation, load_dataset
from devstack.seed.people import ADMIN, ANNA
from devstack.stream_client import StreamFollower
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.live_streams import follow_as, listen
from tests.e2e.test_truth_in_streams import PATIENCE, seconds_until

DATA = load_dataset()
CLASS = DATA.classes_of(ANNA.user_id)[0].class_id
ESSAYS = 2


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack with a broker, in which nothing moves but by these tests."""
    with demo_stack(tmp_path_factory.mktemp("devstack"), "--kafka") as (stack, _):
        yield stack


@dataclass(frozen=True, slots=True)
class Told:
    """What the platform tells of a batch that was just registered, and what a stream then shows.

    A guest batch has no class. `running` is a phase that the orchestrator calls running.
    """

    events: Callable[[Row], list[Event]]
    shown: dict[str, Any]
    guest: bool = False
    running: str | None = None


def _essays(batch: Row) -> list[Row]:
    ids = [essay_id_at(batch["batch_id"], place) for place in range(ESSAYS)]
    return [{"essay_id": one, "text_storage_id": uuid4().hex} for one in ids]


def _upload(batch: Row) -> Row:
    named = {"file_upload_id": str(uuid4()), "filename": "prov.txt", "size": 400}
    return named | {name: batch[name] for name in ("batch_id", "user_id")}


def placed(batch: Row) -> list[Event]:
    upload, essay, now = _upload(batch), _essays(batch)[0], moment(batch["batch_id"])
    text = essay["text_storage_id"]
    return [batches.slot_assigned(upload, essay["essay_id"], text, now)]


def refused(batch: Row) -> list[Event]:
    upload, now = _upload(batch), moment(batch["batch_id"])
    reason = "CONTENT_TOO_SHORT"
    failed = batches.validation_failed(upload, uuid4().hex, reason, "too short", now)
    return [batches.file_added(upload, now), failed]


def provisioned(batch: Row) -> list[Event]:
    return [batches.provisioning_completed(batch, _essays(batch), moment(batch["batch_id"]))]


def unmatched(batch: Row) -> list[Event]:
    results = [batches.match_result(essay, None, 0.0) for essay in _essays(batch)]
    suggested = batches.matches_suggested(batch, results, moment(batch["batch_id"]))
    return [*provisioned(batch), suggested]


def _decided(batch: Row) -> list[Row]:
    pupils = [one for one in DATA.students if CLASS in one.class_ids]
    return [
        {
            "essay_id": essay["essay_id"],
            "student_id": pupil.student_id,
            "confidence_score": 0.95,
        }
        for essay, pupil in zip(_essays(batch), pupils, strict=False)
    ]


def confirmed(batch: Row) -> list[Event]:
    when, decided = moment(batch["batch_id"]), _decided(batch)
    by_hand = batches.associations_confirmed(batch, decided, by=batch["user_id"], when=when)
    return [*provisioned(batch), by_hand]


def timed_out(batch: Row) -> list[Event]:
    by_timer = batches.associations_timed_out(batch, _decided(batch), moment(batch["batch_id"]))
    return [*provisioned(batch), by_timer]


def confirmed_and_timed_out(batch: Row) -> list[Event]:
    return [*confirmed(batch), timed_out(batch)[-1]]


def denied(batch: Row) -> list[Event]:
    now = datetime.now(UTC).replace(tzinfo=None)
    asked = moment(batch["batch_id"], "start", now - timedelta(seconds=2))
    refusal = {
        "requested_pipeline": "cj_assessment",
        "denial_reason": "insufficient_credits",
        "required_credits": 1,
        "available_credits": 0,
        "resource_breakdown": {"cj_comparison": 1},
    }
    refused_at = moment(batch["batch_id"], "start", now + timedelta(seconds=1))
    started = pipelines.command(batch["batch_id"], "cj_assessment", batch["user_id"], asked)
    return [*provisioned(batch), started, pipelines.denied(batch, refusal, refused_at)]


def assessment_lost(batch: Row) -> list[Event]:
    job = pipelines.job_of(batch["batch_id"])
    return [pipelines.assessment_failed(batch, job, moment(batch["batch_id"]))]


READY = {"status": "ready", "status_source": "events"}
NOT_STARTED = {"status": "not_started", "status_source": "events"}
ROWS = {
    Situation.UPLOADING: Told(placed, {**NOT_STARTED, "waits_for": "files", "placed_files": 1}),
    Situation.UPLOAD_FAILED: Told(
        refused, {**NOT_STARTED, "waits_for": "files", "rejected_files": 1}
    ),
    Situation.MATCHING: Told(provisioned, {**NOT_STARTED, "waits_for": "matching"}),
    Situation.UNMATCHED: Told(unmatched, {**NOT_STARTED, "waits_for": "no_matches"}),
    Situation.CONFIRMED: Told(confirmed, READY),
    Situation.TIMED_OUT: Told(timed_out, READY),
    Situation.TIMED_OUT_AFTER_CONFIRMATION: Told(confirmed_and_timed_out, READY),
    Situation.READY: Told(provisioned, READY, guest=True),
    Situation.DENIED: Told(denied, READY, guest=True),
    Situation.ASSESSMENT_STUCK: Told(
        assessment_lost,
        {"status": "failed", "status_source": "events"},
        guest=True,
        running="cj_assessment",
    ),
}


class Platform:
    """The platform's data and outbox, written as its services would write them."""

    def __init__(self, stack: DemoStack) -> None:
        self._path = stack.home / "data" / "platform.sqlite3"

    async def register(self, told: Told) -> Row:
        return await asyncio.to_thread(self._register, told)

    def _register(self, told: Told) -> Row:
        body = {"course_code": "SV1", "expected_essay_count": ESSAYS}
        body["class_id"] = None if told.guest else CLASS
        with self._opened() as connection:
            batch_id = register(connection, body, ANNA.user_id)
            batch = batch_of(connection, batch_id)
            assert batch is not None
            store(connection, [batches.registered(batch, [], None, moment(batch_id))])
            return batch

    async def tell(self, batch: Row, told: Told) -> None:
        await asyncio.to_thread(self._tell, batch, told)

    def _tell(self, batch: Row, told: Told) -> None:
        started = (datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None).isoformat()
        with self._opened() as connection:
            if told.running:
                ids, done = (batch["batch_id"], "spellcheck"), "completed_successfully"
                set_phase(connection, *ids, done, completed_at=started)
                ids = (batch["batch_id"], told.running)
                set_phase(connection, *ids, "dispatch_initiated", started_at=started)
            store(connection, told.events(batch))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=20)) as connection, connection:
            connection.row_factory = sqlite3.Row
            yield connection


def store(connection: sqlite3.Connection, events: list[Event]) -> None:
    outbox.store(connection, [(None, event) for event in events])


@asynccontextmanager
async def followed(stack: DemoStack, person: DemoUser) -> AsyncIterator[StreamFollower]:
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        stream = follow_as(stack, session, person)
        task = group.create_task(listen(stream))
        yield stream
        task.cancel()


async def test_each_row_is_shown_when_an_event_tells_it(still: DemoStack) -> None:
    platform = Platform(still)
    registered = {situation: await platform.register(told) for situation, told in ROWS.items()}
    async with followed(still, ANNA) as stream:
        for batch in registered.values():
            await seconds_until(stream, batch["batch_id"], {"status": "not_started"})
        for situation, told in ROWS.items():
            batch = registered[situation]
            await platform.tell(batch, told)
            took = await seconds_until(stream, batch["batch_id"], told.shown)
            print(f"{situation}: shown after {took:.2f} s")  # noqa: T201 - seen with pytest -s
        denied_batch = stream.copy.batches[registered[Situation.DENIED]["batch_id"]]
    denial = denied_batch["start_denied"]
    assert isinstance(denial, dict)
    assert denial["reason"] == "insufficient_credits"


async def test_past_of_the_seed_is_on_the_screens(still: DemoStack) -> None:
    """A consumer that began at the earliest knows what happened before it was there."""
    await past_is_read(still)

    shown = {situation: screen_of(still, situation) for situation in PAST_OF}

    waits = {situation: batch.get("waits_for") for situation, batch in shown.items()}
    assert waits[Situation.UPLOADING] == waits[Situation.UPLOAD_FAILED] == "files"
    assert waits[Situation.MATCHING] == "matching"
    assert waits[Situation.UNMATCHED] == "no_matches"
    assert shown[Situation.UPLOAD_FAILED]["rejected_files"] == 1
    assert shown[Situation.DENIED]["start_denied"]["reason"] == "insufficient_credits"
    assert shown[Situation.ASSESSMENT_STUCK]["status"] == "failed"
    assert shown[Situation.RETRIED]["status"] == "retried"
    assert shown[Situation.CONFIRMED]["attention"]["confirmed_at"]


PAST_OF = (
    Situation.UPLOADING,
    Situation.UPLOAD_FAILED,
    Situation.MATCHING,
    Situation.UNMATCHED,
    Situation.CONFIRMED,
    Situation.DENIED,
    Situation.ASSESSMENT_STUCK,
    Situation.RETRIED,
)


def screen_of(stack: DemoStack, situation: Situation, path: str = "") -> Any:
    row = TRUTH_TABLE[situation]
    return stack.get_directly(row.owner, f"/batches/{row.batch_id}{path}").json()


async def past_is_read(stack: DemoStack) -> None:
    """Returns once the consumer has nothing left to read."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = await asyncio.to_thread(httpx.get, f"{stack.teacher_doors[-1]}/healthz")
        events = answer.json()["dependencies"]["events"]
        if events["status"] == "connected" and events["lag"] == 0:
            return
        assert time.monotonic() < deadline, events
        await asyncio.sleep(0.2)


async def test_admin_sees_that_all_of_it_was_read(still: DemoStack) -> None:
    await past_is_read(still)
    bearer = {"Authorization": f"Bearer {still.token(ADMIN)}"}

    answer = await asyncio.to_thread(
        httpx.get, f"{still.admin_doors[-1]}/overview", headers=bearer, timeout=20
    )

    body = answer.json()
    [part] = [one for one in body["parts"] if one["name"] == "events_consumer"]
    assert part["status"] == "ok"
    assert (body["events"]["status"], body["events"]["lag"]) == ("connected", 0)


async def test_grades_are_on_the_results(still: DemoStack) -> None:
    await past_is_read(still)

    rows = screen_of(still, Situation.DONE, "/results")["rows"]

    assert rows
    assert all(one["grade"]["source"] == "events" for one in rows if one["rank"])
