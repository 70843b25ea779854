"""CMS's timer: what nobody has confirmed within 24 hours is confirmed by itself, from its start on."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from bff_core.testing.clock import FakeClock, run_virtually
from devstack.emulators.cms import associations
from devstack.emulators.cms.associations import confirm_overdue
from devstack.seed import TRUTH_TABLE, Situation
from devstack.seed.people import ANNA

PENDING = "SELECT DISTINCT batch_id, class_id FROM associations WHERE status = 'pending_validation'"
AS_ANNA = {"X-User-ID": ANNA.user_id}


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database)) as opened:
        opened.row_factory = sqlite3.Row
        yield opened


def outbox(connection: sqlite3.Connection) -> list[dict[str, object]]:
    rows = connection.execute("SELECT payload FROM cms_outbox ORDER BY sequence")
    return [json.loads(row["payload"]) for row in rows]


def weaken_one(connection: sqlite3.Connection, confidence: float | None) -> sqlite3.Row:
    """A match of the class without a stand-in, as the matcher had not been sure."""
    query = "SELECT * FROM associations WHERE status = 'pending_validation' AND class_id NOT IN"
    members = "(SELECT class_id FROM class_members JOIN students USING (student_id)"
    unknown = " WHERE email LIKE '%@huleedu.system')"
    row: sqlite3.Row = connection.execute(f"{query} {members}{unknown}").fetchone()
    update = "UPDATE associations SET confidence_score = ? WHERE essay_id = ?"
    connection.execute(update, (confidence, row["essay_id"]))
    return row


def newest(connection: sqlite3.Connection) -> datetime:
    query = "SELECT max(created_at) FROM associations WHERE status = 'pending_validation'"
    return datetime.fromisoformat(connection.execute(query).fetchone()[0])


def test_overdue_matches_are_confirmed_with_one_event_a_batch(
    connection: sqlite3.Connection,
) -> None:
    batches = {row["batch_id"] for row in connection.execute(PENDING)}

    confirm_overdue(connection, newest(connection) + timedelta(hours=24))
    confirm_overdue(connection, a_day_later())

    events = outbox(connection)
    assert connection.execute(PENDING).fetchall() == []
    assert sorted(str(event["batch_id"]) for event in events) == sorted(batches)
    assert all(event["timeout_triggered"] is True for event in events)
    assert {event["validated_by"] for event in events} == {"SYSTEM_TIMEOUT"}


def a_day_later() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=24)


def test_matches_younger_than_24_hours_wait(connection: sqlite3.Connection) -> None:
    last = newest(connection)
    youngest = connection.execute(f"{PENDING} AND created_at = ?", (last.isoformat(),)).fetchall()

    confirm_overdue(connection, last + timedelta(hours=23, minutes=59))

    assert [tuple(row) for row in connection.execute(PENDING)] == [tuple(row) for row in youngest]


@pytest.mark.parametrize("confidence", [0.69, 0.0, None])
def test_weak_match_goes_to_a_new_stand_in_of_its_class(
    connection: sqlite3.Connection, confidence: float | None
) -> None:
    row = weaken_one(connection, confidence)

    confirm_overdue(connection, a_day_later())

    query = (
        "SELECT students.* FROM associations JOIN students USING (student_id) WHERE essay_id = ?"
    )
    pupil = connection.execute(query, (row["essay_id"],)).fetchone()
    members = connection.execute("SELECT * FROM class_members WHERE student_id = ?", (pupil[0],))
    assert (pupil["first_name"], pupil["last_name"]) == ("UNKNOWN", "STUDENT")
    assert pupil["email"] == f"unknown.{row['class_id']}@huleedu.system"
    assert [one["class_id"] for one in members] == [row["class_id"]]


def test_match_that_is_sure_enough_keeps_its_pupil(connection: sqlite3.Connection) -> None:
    row = weaken_one(connection, 0.7)

    confirm_overdue(connection, a_day_later())

    query = "SELECT student_id, status FROM associations WHERE essay_id = ?"
    found = connection.execute(query, (row["essay_id"],)).fetchone()
    assert tuple(found) == (row["student_id"], "confirmed")


async def test_timer_looks_when_the_service_starts_and_the_list_does_not_show_it(
    cms_app: Quart, connection: sqlite3.Connection
) -> None:
    batch = TRUTH_TABLE[Situation.CONFIRMED].batch_id
    long_ago = (datetime.now(UTC) - timedelta(hours=25)).replace(tzinfo=None).isoformat()
    with connection:
        connection.execute("UPDATE associations SET created_at = ?", (long_ago,))
    path = f"/v1/batches/{batch}/student-associations"
    before = await (await cms_app.test_client().get(path, headers=AS_ANNA)).get_json()

    async with cms_app.test_app() as running:
        client = running.test_client()
        events: list[Any] = []
        while not events:
            events = (await (await client.get("/_devstack/outbox")).get_json())["events"]
        after = await (await client.get(path, headers=AS_ANNA)).get_json()

    assert after == before
    assert connection.execute(PENDING).fetchall() == []


class CountingDatabase:
    """Notes the times at which it is asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[float] = []

    async def run(self, _: object) -> None:
        self.asked.append(self.clock.monotonic())


def test_timer_looks_every_hour() -> None:
    clock = FakeClock()
    database = CountingDatabase(clock)
    started = clock.monotonic()

    async def two_hours() -> None:
        timer = asyncio.create_task(associations.run_timer(database))  # type: ignore[arg-type]  # one method
        await asyncio.sleep(2 * 3600 + 60)
        timer.cancel()
        await asyncio.wait([timer])

    run_virtually(clock, two_hours())

    assert [round(at - started) for at in database.asked] == [0, 3600, 7200]
