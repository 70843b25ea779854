"""Each row of the truth table, as the open streams show it when its sources change."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any

import aiohttp
import httpx
import pytest
from redis.asyncio import Redis

from devstack.seed import TRUTH_TABLE, BatchStatus, SeededBatch, Situation, load_dataset
from devstack.seed.model import all_phases
from devstack.seed.people import ANNA, ERIK, SARA
from devstack.seed.store import insert_rows, write_orchestration
from devstack.stream_client import StreamFollower
from devstack.supervisor.processes import REDIS_PORT
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.live_streams import follow_as, listen
from tests.e2e.pupils_names import marks_of, named_in, places_of
from tests.e2e.truth_oracle import state_of

DATA = load_dataset()
BY_ID = {batch.batch_id: batch for batch in DATA.batches}
TEACHERS = (ANNA, ERIK, SARA)
ROWS: Mapping[Situation, SeededBatch] = {
    situation: BY_ID[row.batch_id]
    for situation, row in TRUTH_TABLE.items()
    if situation is not Situation.NOT_IN_RESULTS
}
PATIENCE = 30.0
"""Seconds for a busy machine; on a quiet one a change is shown within five."""

# The last message of the platform before the situation; it sends none before the others.
MESSAGES: Mapping[Situation, str] = {
    Situation.UPLOADING: "batch_files_uploaded",
    Situation.UPLOAD_FAILED: "batch_validation_failed",
    Situation.SPELLCHECK_RUNNING: "batch_processing_started",
    Situation.ASSESSMENT_RUNNING: "batch_spellcheck_completed",
    Situation.ASSESSMENT_RUNNING_WITH_FAILURES: "batch_spellcheck_completed",
    Situation.STARTED_AGAIN: "batch_processing_started",
    Situation.DENIED: "batch_processing_started",
    Situation.FIRST_PHASE_FAILED: "batch_phase_concluded",
    Situation.LATER_PHASE_FAILED: "batch_phase_concluded",
    Situation.DONE: "pipeline_completed",
    Situation.PARTLY_FAILED: "pipeline_completed",
    Situation.ENDED_WITH_FAILED_PHASE: "pipeline_completed",
    Situation.SECOND_PIPELINE: "batch_processing_started",
}


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack of its own, in which nothing moves but by these tests."""
    with demo_stack(tmp_path_factory.mktemp("devstack")) as (stack, _):
        yield stack


class Platform:
    """The emulated platform's data, written as its services would write it."""

    def __init__(self, stack: DemoStack, redis: Redis) -> None:
        self._path = stack.home / "data" / "platform.sqlite3"
        self._redis = redis

    async def write(self, batch: SeededBatch, *, in_ras: bool = True) -> None:
        """Store the batch and its suggestions everywhere, and drop what RAS has cached of it."""
        await asyncio.to_thread(self._write, batch, in_ras)
        await self._redis.delete(f"ras:batch:{batch.batch_id}")
        async for key in self._redis.scan_iter(match=f"ras:user:{batch.user_id}:batches:*"):
            await self._redis.delete(key)

    def _write(self, batch: SeededBatch, in_ras: bool) -> None:
        rows = [] if is_new(batch) else DATA.associations_of(batch.batch_id)
        with closing(sqlite3.connect(self._path, timeout=20)) as connection, connection:
            for table in ("essays", "batches", "associations"):
                connection.execute(
                    f"DELETE FROM {table} WHERE batch_id = ?",
                    (batch.batch_id,),
                )
            if in_ras:
                insert_rows(connection, "batches", [batch])
                insert_rows(connection, "essays", batch.essays)
            insert_rows(connection, "associations", rows)
            write_orchestration(connection, batch)

    async def announce(self, batch: SeededBatch, event: str) -> None:
        data = {"batch_id": batch.batch_id, "timestamp": "2026-02-07T10:00:00+00:00"}
        message = json.dumps({"event": event, "data": data})
        await self._redis.publish(f"ws:{batch.user_id}", message)


def as_registered(batch: SeededBatch) -> SeededBatch:
    return replace(
        batch,
        status=BatchStatus.AWAITING_CONTENT_VALIDATION,
        completed_essay_count=0,
        failed_essay_count=0,
        processing_started_at=None,
        processing_completed_at=None,
        essays=(),
        phases=all_phases(),
        later_pipeline=None,
    )


def is_new(batch: SeededBatch) -> bool:
    return not batch.essays


@asynccontextmanager
async def followed(stack: DemoStack) -> AsyncIterator[dict[str, StreamFollower]]:
    """An open stream of each teacher's newest batches, by user id."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        streams = {person.user_id: follow_as(stack, session, person) for person in TEACHERS}
        tasks = [group.create_task(listen(stream)) for stream in streams.values()]
        yield streams
        for task in tasks:
            task.cancel()


async def seconds_until(
    stream: StreamFollower, batch_id: str, wanted: Mapping[str, Any] | None
) -> float:
    """Seconds until the stream shows these fields of the batch, or has no such batch."""
    began, shown = time.monotonic(), None
    while time.monotonic() < began + PATIENCE:
        batch = stream.copy.batches.get(batch_id)
        shown = None if batch is None else {name: batch.get(name) for name in wanted or {}}
        if stream.copy.version and shown == wanted:
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    raise AssertionError(f"{batch_id}: {wanted} was not shown, but {shown}")


async def test_each_row_is_shown_when_its_sources_say_so(still: DemoStack) -> None:
    async with Redis.from_url(f"redis://127.0.0.1:{REDIS_PORT + still.offset}/0") as redis:
        platform = Platform(still, redis)
        for situation, batch in ROWS.items():
            in_ras = situation is not Situation.REGISTERED
            await platform.write(as_registered(batch), in_ras=in_ras)
        async with followed(still) as streams:
            await show_registered(streams)
            for situation, batch in ROWS.items():
                took = await shown_after(platform, streams[batch.user_id], situation)
                print(f"{situation}: shown after {took:.2f} s")  # noqa: T201 - seen with pytest -s
            await show_own_confirmation(still, streams)


async def show_registered(streams: Mapping[str, StreamFollower]) -> None:
    for situation, batch in ROWS.items():
        is_shown = situation is not Situation.REGISTERED
        wanted = {"status": "not_started", "attention": None} if is_shown else None
        await seconds_until(streams[batch.user_id], batch.batch_id, wanted)


async def shown_after(platform: Platform, stream: StreamFollower, situation: Situation) -> float:
    """Seconds from the change at the source to the change in the stream."""
    batch = ROWS[situation]
    await platform.write(batch)
    if situation in MESSAGES:
        await platform.announce(batch, MESSAGES[situation])
    return await seconds_until(stream, batch.batch_id, fields_in_stream(batch, listed=True))


async def show_own_confirmation(stack: DemoStack, streams: Mapping[str, StreamFollower]) -> None:
    """CMS keeps its rows as they are; the teacher's own answer overrules them."""
    batch = ROWS[Situation.AWAITING_CONFIRMATION]
    bearer = {"Authorization": f"Bearer {stack.token(ANNA)}"}
    url = f"{stack.gateway}/bff/v1/teacher/batches/{batch.batch_id}/associations"
    async with httpx.AsyncClient(headers=bearer, timeout=20) as client:
        rows = (await client.get(url)).json()["associations"]
        decided = await client.post(
            f"{url}/confirm", json={"decisions": [*map(as_suggested, rows)]}
        )
    assert decided.status_code == 200, decided.text

    wanted = {"status": "ready", "status_source": "ledger"}
    await seconds_until(streams[batch.user_id], batch.batch_id, wanted)


def as_suggested(row: Mapping[str, Any]) -> dict[str, Any]:
    pupil = row["suggested_student"]
    return {"essay_id": row["essay_id"], "student_id": pupil and pupil["student_id"]}


async def test_second_pipeline_is_shown_in_the_stream_of_its_batch(still: DemoStack) -> None:
    """A list reads no phases of batches that RAS calls finished."""
    batch = ROWS[Situation.SECOND_PIPELINE]
    person = next(one for one in TEACHERS if one.user_id == batch.user_id)
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        stream = follow_as(still, session, person, batch_id=batch.batch_id)
        task = group.create_task(listen(stream))

        await seconds_until(stream, batch.batch_id, {"status": "processing", "is_final": False})
        task.cancel()


async def test_no_pupil_s_name_was_kept_logged_counted_or_sent(still: DemoStack) -> None:
    """After the tests above, and with every screen of every batch read once more."""
    marks = marks_of(DATA)
    async with followed(still) as streams:
        await show_unchanged(streams)
        shown = await asyncio.to_thread(read_screens, still)
        copies = json.dumps([one.copy.batches for one in streams.values()]).encode()
    places = await asyncio.to_thread(lambda: dict(places_of(still)))

    assert len(named_in(shown, marks)) > len(marks) / 3
    assert all(places.values())
    assert {name: found for name, text in places.items() if (found := named_in(text, marks))} == {}
    assert named_in(copies, marks) == []


async def show_unchanged(streams: Mapping[str, StreamFollower]) -> None:
    for batch in ROWS.values():
        await seconds_until(streams[batch.user_id], batch.batch_id, {"batch_id": batch.batch_id})


def read_screens(stack: DemoStack) -> bytes:
    paths = ("", "/associations", "/results")
    by_id = {person.user_id: person for person in TEACHERS}
    answers = [
        stack.get_directly(by_id[batch.user_id], f"/batches/{batch.batch_id}{path}")
        for batch in ROWS.values()
        for path in paths
    ]
    return b"".join(answer.content for answer in answers)


def fields_in_stream(batch: SeededBatch, *, listed: bool) -> dict[str, Any]:
    state = state_of(DATA, batch, listed=listed)
    return {name: without_nulls(value) for name, value in state.items()}


def without_nulls(value: Any) -> Any:
    """The value as a stream sends it: what has no value is absent."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value
