"""CMS's timer: matches that nobody has confirmed for 24 hours are confirmed by themselves."""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import uuid4

from devstack.emulators.cms.associations import publish
from devstack.emulators.database import Row, SeededDatabase, fetch_all, fetch_one
from devstack.events import Event, moment
from devstack.events.batches import associations_timed_out

WAITING_TIME = timedelta(hours=24)
CHECK_SECONDS = 3600.0
LEAST_CONFIDENCE = 0.7
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

    A weak match goes to the class's stand-in pupil, whom the next roster shows. Matches that a
    person has confirmed are among them: the orchestrator no longer waits for these.
    """
    overdue = fetch_all(
        connection,
        "SELECT * FROM associations WHERE status = 'pending_validation' AND created_at <= ?"
        " ORDER BY batch_id, class_id",
        (now - WAITING_TIME).isoformat(),
    )
    groups = groupby(overdue, lambda row: (row["batch_id"], row["class_id"]))
    for (batch_id, class_id), rows in groups:
        confirmed = [_confirm(connection, class_id, row) for row in rows]
        payload = {
            "batch_id": batch_id,
            "validated_by": VALIDATED_BY,
            "timeout_triggered": True,
            "associations": [
                {"essay_id": one["essay_id"], "student_id": one["student_id"]} for one in confirmed
            ],
        }
        publish(connection, payload, partial(_event, class_id, confirmed))


def _event(class_id: str, confirmed: list[Row], batch: Row) -> Event:
    when = moment(batch["batch_id"], "timer")
    return associations_timed_out(batch | {"class_id": class_id}, confirmed, when)


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
    if found := fetch_one(connection, "SELECT student_id FROM students WHERE email = ?", email):
        return str(found["student_id"])
    student_id = str(uuid4())
    student = (student_id, "UNKNOWN", "STUDENT", "UNKNOWN STUDENT", email, VALIDATED_BY)
    connection.execute("INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", student)
    connection.execute("INSERT INTO class_members VALUES (?, ?)", (class_id, student_id))
    return student_id
