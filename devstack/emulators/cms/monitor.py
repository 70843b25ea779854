"""CMS's timer: matches that nobody has confirmed for 24 hours are confirmed by themselves."""

import asyncio
import json
import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import uuid4

from devstack.effects import Effect, schedule
from devstack.effects.world import batch_of
from devstack.emulators.database import Row, SeededDatabase, fetch_all
from devstack.events import add, moment
from devstack.events.batches import associations_timed_out

WAITING_TIME = timedelta(hours=24)
CHECK_SECONDS = 3600.0
LEAST_CONFIDENCE = 0.7
RELEASED_AFTER = 1.5
"""Seconds until the orchestrator goes on with a batch."""
VALIDATED_BY = "SYSTEM_TIMEOUT"
log = logging.getLogger(__name__)


async def run(database: SeededDatabase) -> None:
    """Check at once and then every hour, until cancelled."""
    while True:
        try:
            now = datetime.now(UTC).replace(tzinfo=None)
            await database.run(partial(confirm_overdue, now=now))
        except sqlite3.Error as error:
            log.warning("The timer missed a check: %s", error)
        await asyncio.sleep(CHECK_SECONDS)


def confirm_overdue(connection: sqlite3.Connection, now: datetime) -> None:
    """Confirm what has waited too long, with one event for each batch and class; `now` is naive UTC.

    A weak match goes to the class's stand-in pupil, whom the next roster shows.
    """
    overdue = fetch_all(
        connection,
        "SELECT * FROM associations WHERE status = 'pending_validation' AND created_at <= ?"
        " ORDER BY batch_id, class_id",
        (now - WAITING_TIME).isoformat(),
    )
    for (batch_id, class_id), rows in groupby(
        overdue, lambda row: (row["batch_id"], row["class_id"])
    ):
        confirmed = [_confirm(connection, class_id, row) for row in rows]
        event = {
            "batch_id": batch_id,
            "validated_by": VALIDATED_BY,
            "timeout_triggered": True,
            "associations": [
                {"essay_id": one["essay_id"], "student_id": one["student_id"]} for one in confirmed
            ],
        }
        insert = "INSERT INTO cms_outbox (batch_id, payload) VALUES (?, ?)"
        connection.execute(insert, (batch_id, json.dumps(event)))
        _publish(connection, batch_id, class_id, confirmed)


def _publish(
    connection: sqlite3.Connection, batch_id: str, class_id: str, confirmed: list[Row]
) -> None:
    """Also of a batch that a person has confirmed: the orchestrator no longer waits for it."""
    batch = batch_of(connection, batch_id)
    if batch is not None:
        of_class = batch | {"class_id": class_id}
        when = moment(batch_id, "timer")
        add(connection, associations_timed_out(of_class, confirmed, when))
        schedule(connection, Effect("released", batch_id), RELEASED_AFTER)


def _confirm(connection: sqlite3.Connection, class_id: str, row: Row) -> Row:
    student_id, confidence = row["student_id"], row["confidence_score"] or 0.0
    if confidence < LEAST_CONFIDENCE:
        student_id, confidence = _stand_in(connection, class_id), 0.0
    update = "UPDATE associations SET status = 'confirmed', student_id = ? WHERE essay_id = ?"
    connection.execute(update, (student_id, row["essay_id"]))
    found = {"essay_id": row["essay_id"], "student_id": student_id}
    return found | {"confidence_score": confidence}


def _stand_in(connection: sqlite3.Connection, class_id: str) -> str:
    """The class's pupil for texts without one, made when it is first needed."""
    email = f"unknown.{class_id}@huleedu.system"
    found = fetch_all(connection, "SELECT student_id FROM students WHERE email = ?", email)
    if found:
        return str(found[0]["student_id"])
    student_id = str(uuid4())
    names = ("UNKNOWN", "STUDENT", "UNKNOWN STUDENT")
    student = (student_id, *names, email, VALIDATED_BY)
    connection.execute("INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", student)
    connection.execute("INSERT INTO class_members VALUES (?, ?)", (class_id, student_id))
    return student_id
