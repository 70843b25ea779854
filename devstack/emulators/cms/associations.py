"""CMS's review of matches: a list with constants in it, and a confirmation that stores nothing."""

import json
import sqlite3
from collections.abc import Callable

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects import Effect, schedule
from devstack.effects.world import batch_of
from devstack.emulators.cms.classes import require_user
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    DetailedError,
    PlainError,
    answer_500_for,
    require_uuid,
)
from devstack.events import Event, add, moment
from devstack.events.batches import associations_confirmed

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
