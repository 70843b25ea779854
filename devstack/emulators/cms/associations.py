"""CMS's review of matches: a list with constants in it, a confirmation that stores nothing, and a timer.

Matches that nobody has confirmed for 24 hours are confirmed by themselves.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from uuid import uuid4

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects import Effect, schedule
from devstack.effects.world import batch_of
from devstack.emulators.cms.classes import require_user
from devstack.emulators.database import Row, SeededDatabase, database, fetch_all, fetch_one
from devstack.emulators.responses import DetailedError, PlainError, answer_500_for, require_uuid
from devstack.events import Event, add, moment
from devstack.events.batches import associations_confirmed, associations_timed_out

# The same for every match.
CONFIDENCE = 0.95
REASON = "Name extracted from essay header"
RELEASED_AFTER = 1.5
"""Seconds until the orchestrator goes on with a batch."""
_UNREADABLE_ITEM = (
    "1 validation error for StudentAssociationConfirmation\nessay_id\n"
    "  Input should be a valid string [type=string_type]"
)

routes = Blueprint(
    "associations", __name__, url_prefix="/v1/batches/<batch_id>/student-associations"
)
routes.before_request(require_user)
# CMS reads the body without a check: every error in it is a 500.
_ERRORS = (sqlite3.Error, BadRequest, UnsupportedMediaType, AttributeError, KeyError, TypeError)
answer_500_for(routes, *_ERRORS)
WAITING_TIME = timedelta(hours=24)
CHECK_SECONDS = 3600.0
LEAST_CONFIDENCE = 0.7
VALIDATED_BY = "SYSTEM_TIMEOUT"
log = logging.getLogger(__name__)


@routes.get("")
async def suggested(batch_id: str) -> ResponseReturnValue:
    identifier = require_uuid(batch_id, "Invalid batch ID format")
    return jsonify({"associations": await _associations(identifier)})


@routes.post("/confirm")
async def confirm(batch_id: str) -> ResponseReturnValue:
    """No row of CMS changes: the rest of the platform learns of it from the event."""
    identifier = require_uuid(batch_id, "badly formed hexadecimal UUID string")
    body = await request.get_json()
    items = body.get("associations", [])
    user = body.get("user_id", "unknown")
    if not await _associations(identifier):
        raise PlainError(f"No associations found for batch {identifier}")
    # The event holds the confirmed items only.
    confirmed = [
        {"essay_id": item["essay_id"], "student_id": item["student_id"]}
        for item in items
        if item.get("confirmed")
    ]
    if not all(isinstance(item["essay_id"], str) for item in confirmed):
        names = ("class_management_service", "confirm_batch_student_associations")
        error = ("EXTERNAL_SERVICE_ERROR", _UNREADABLE_ITEM)
        raise DetailedError(*names, *error, external_service="event_publisher")
    rejected = len(items) - len(confirmed)
    payload = {"batch_id": identifier, "validated_by": user, "associations": confirmed}

    def event_of(batch: Row) -> Event:
        when = moment(identifier, "confirmation")
        return associations_confirmed(batch, confirmed, by=user, when=when, rejected=rejected)

    await database().run(lambda connection: publish(connection, payload, event_of))
    counts = {"associations_confirmed": len(confirmed), "associations_rejected": rejected}
    return jsonify({"status": "confirmed", **counts})


def publish(connection: sqlite3.Connection, payload: Row, event_of: Callable[[Row], Event]) -> None:
    """Store a confirmation's event; the orchestrator then goes on with its batch."""
    batch_id = payload["batch_id"]
    insert = "INSERT INTO cms_outbox (batch_id, payload) VALUES (?, ?)"
    connection.execute(insert, (batch_id, json.dumps(payload)))
    batch = batch_of(connection, batch_id)
    if batch is not None:
        add(connection, event_of(batch))
    schedule(connection, Effect("released", batch_id), RELEASED_AFTER)


async def _associations(batch_id: str) -> list[Row]:
    """Matches of every status; rows of one insert share their time, so their order is chance."""
    rows = await database().fetch_all(
        "SELECT essay_id, student_id AS suggested_student_id, created_at FROM associations"
        " WHERE batch_id = ? ORDER BY created_at DESC",
        batch_id,
    )
    return [{**row, "confidence_score": CONFIDENCE, "match_reasons": [REASON]} for row in rows]


async def run_timer(database: SeededDatabase) -> None:
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
