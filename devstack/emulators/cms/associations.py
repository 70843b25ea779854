"""CMS's review of matches: a list with constants in it, and a confirmation that stores nothing."""

import json
import sqlite3
from functools import partial

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects import Effect, schedule
from devstack.effects.world import batch_of
from devstack.emulators.cms.classes import require_user
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    answer_500_for,
    canonical_uuid,
    error_detail,
    plain_error,
    request_correlation_id,
)
from devstack.events import add, moment
from devstack.events.batches import associations_confirmed

# The same for every match.
CONFIDENCE = 0.95
REASON = "Name extracted from essay header"
RELEASED_AFTER = 1.5
"""Seconds until the orchestrator goes on with a batch."""

routes = Blueprint(
    "associations", __name__, url_prefix="/v1/batches/<batch_id>/student-associations"
)
routes.before_request(require_user)
# CMS reads the body without a check: every error in it is a 500.
answer_500_for(
    routes,
    sqlite3.Error,
    BadRequest,
    UnsupportedMediaType,
    AttributeError,
    KeyError,
    TypeError,
)


@routes.get("")
async def suggested(batch_id: str) -> ResponseReturnValue:
    identifier = canonical_uuid(batch_id)
    if identifier is None:
        return plain_error("Invalid batch ID format", 400)
    return jsonify({"associations": await _associations(identifier)})


@routes.post("/confirm")
async def confirm(batch_id: str) -> ResponseReturnValue:
    identifier = canonical_uuid(batch_id)
    if identifier is None:
        return plain_error("badly formed hexadecimal UUID string", 400)
    body = await request.get_json()
    items = body.get("associations", [])
    user = body.get("user_id", "unknown")
    if not await _associations(identifier):
        return plain_error(f"No associations found for batch {identifier}", 400)
    # The event holds the confirmed items only.
    confirmed = [
        {"essay_id": item["essay_id"], "student_id": item["student_id"]}
        for item in items
        if item.get("confirmed")
    ]
    if not all(isinstance(item["essay_id"], str) for item in confirmed):
        return _unreadable_item()
    rejected = len(items) - len(confirmed)
    await database().run(partial(_publish, identifier, user, confirmed, rejected))
    return jsonify(
        {
            "status": "confirmed",
            "associations_confirmed": len(confirmed),
            "associations_rejected": len(items) - len(confirmed),
        }
    )


def _publish(
    batch_id: str, user: str, confirmed: list[Row], rejected: int, connection: sqlite3.Connection
) -> None:
    """No row of CMS changes: the rest of the platform learns of it from the event."""
    event = {"batch_id": batch_id, "validated_by": user, "associations": confirmed}
    insert = "INSERT INTO cms_outbox (batch_id, payload) VALUES (?, ?)"
    connection.execute(insert, (batch_id, json.dumps(event)))
    batch = batch_of(connection, batch_id)
    if batch is not None:
        when = moment(batch_id, "confirmation")
        add(
            connection,
            associations_confirmed(batch, confirmed, by=user, when=when, rejected=rejected),
        )
    schedule(connection, Effect("released", batch_id), RELEASED_AFTER)


async def _associations(batch_id: str) -> list[Row]:
    """Matches of every status; rows of one insert share their time, so their order is chance."""
    rows = await database().fetch_all(
        "SELECT essay_id, student_id AS suggested_student_id, created_at FROM associations"
        " WHERE batch_id = ? ORDER BY created_at DESC",
        batch_id,
    )
    return [{**row, "confidence_score": CONFIDENCE, "match_reasons": [REASON]} for row in rows]


def _unreadable_item() -> ResponseReturnValue:
    return error_detail(
        "EXTERNAL_SERVICE_ERROR",
        "1 validation error for StudentAssociationConfirmation\nessay_id\n"
        "  Input should be a valid string [type=string_type]",
        status=400,
        service="class_management_service",
        operation="confirm_batch_student_associations",
        details={"external_service": "event_publisher"},
        correlation_id=request_correlation_id(),
    )
