"""CMS's review of matches: a list with constants in it, and a confirmation that stores nothing."""

import json
import sqlite3
from functools import partial
from uuid import UUID

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.emulators.cms.access import require_user
from devstack.emulators.database import Database
from devstack.emulators.replies import correlation_id, detailed, internal_error, plain

# Sent for every match, whatever the matcher thought of it.
CONFIDENCE = 0.95
REASONS = ("Name extracted from essay header",)

Body = dict[str, object]


class AssociationRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def blueprint(self) -> Blueprint:
        routes = Blueprint("associations", __name__, url_prefix="/v1/batches")
        routes.before_request(require_user)
        path = "/<batch_id>/student-associations"
        routes.add_url_rule(path, "suggested", self.suggested)
        routes.add_url_rule(f"{path}/confirm", "confirm", self.confirm, methods=["POST"])
        # CMS reads the body without looking: whatever that trips over is a 500.
        for failure in (
            sqlite3.Error,
            BadRequest,
            UnsupportedMediaType,
            AttributeError,
            KeyError,
            TypeError,
        ):
            routes.register_error_handler(failure, _failed)
        return routes

    async def suggested(self, batch_id: str) -> ResponseReturnValue:
        try:
            identifier = str(UUID(batch_id))
        except ValueError:
            return plain("Invalid batch ID format", 400)
        rows = await self._database.run(partial(_suggested, identifier))
        return jsonify({"associations": rows})

    async def confirm(self, batch_id: str) -> ResponseReturnValue:
        try:
            identifier = str(UUID(batch_id))
        except ValueError as error:
            return plain(str(error), 400)
        body = await request.get_json()
        items = body.get("associations", [])
        user = body.get("user_id", "unknown")
        if not await self._database.run(partial(_suggested, identifier)):
            return plain(f"No associations found for batch {identifier}", 400)
        confirmed = [_decision(item) for item in items if item.get("confirmed")]
        if not all(isinstance(item["essay_id"], str) for item in confirmed):
            return _unreadable_item()
        event = {"batch_id": identifier, "validated_by": user, "associations": confirmed}
        await self._database.run(partial(_queue, identifier, json.dumps(event)))
        return jsonify(
            {
                "status": "confirmed",
                "associations_confirmed": len(confirmed),
                "associations_rejected": len(items) - len(confirmed),
            }
        )


def _decision(item: Body) -> Body:
    """The rejected ones are left out of the event.

    Raises:
        KeyError: A confirmed item lacks one of its ids.
    """
    return {"essay_id": item["essay_id"], "student_id": item["student_id"]}


def _unreadable_item() -> ResponseReturnValue:
    return detailed(
        "EXTERNAL_SERVICE_ERROR",
        "1 validation error for StudentAssociationConfirmation\nessay_id\n"
        "  Input should be a valid string [type=string_type]",
        status=400,
        service="class_management_service",
        operation="confirm_batch_student_associations",
        details={"external_service": "event_publisher"},
        correlation_id=correlation_id(),
    )


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _suggested(batch_id: str, connection: sqlite3.Connection) -> list[Body]:
    """Of every validation status; rows of one insert share their time, so their order is chance."""
    rows = connection.execute(
        "SELECT essay_id, student_id, created_at FROM associations WHERE batch_id = ?"
        " ORDER BY created_at DESC",
        (batch_id,),
    )
    return [
        {
            "essay_id": row["essay_id"],
            "suggested_student_id": row["student_id"],
            "confidence_score": CONFIDENCE,
            "match_reasons": list(REASONS),
            "created_at": row["created_at"],
        }
        for row in rows
    ]


def _queue(batch_id: str, payload: str, connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO cms_outbox (batch_id, payload) VALUES (?, ?)", (batch_id, payload)
    )
