"""CMS's internal routes: names and classes for other services."""

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime

from quart import Blueprint, abort, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.emulators.cms.associations import WAITING_TIME
from devstack.emulators.control import switches
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    DetailedError,
    PlainError,
    answer_500_for,
    canonical_uuid,
    require_internal_key,
)
from devstack.emulators.server import emulator_settings

SERVICE = "class_management_service"
MOST_REVIEWED = 200
_NAMES = (
    "SELECT essay_id, student_id, first_name, last_name, legal_full_name"
    " FROM associations JOIN students USING (student_id)"
)

routes = Blueprint("internal", __name__, url_prefix="/internal/v1")
answer_500_for(routes, sqlite3.Error)


@routes.before_request
async def authenticate() -> None:
    absent = switches()["validation_status"] == "off"
    if absent and request.endpoint == "internal.validation_status":
        abort(404)
    require_internal_key(emulator_settings().internal_api_key, allowed=None)


@routes.get("/batches/class-info")
async def class_info() -> ResponseReturnValue:
    """Class by batch; null for a batch without association rows, whatever its class."""
    if switches()["class_info"] == "shipped":
        # The shipped wiring cannot build the route's service: Quart answers its own HTML page.
        abort(500)
    try:
        return await _by_batch(_class_of)
    except sqlite3.Error:
        # Only this route answers a page when the database is lost.
        abort(500)


@routes.get("/batches/validation-status")
async def validation_status() -> ResponseReturnValue:
    """Review state by batch, as services/class_validation answers once it is mounted."""
    return await _by_batch(_review_of, most=MOST_REVIEWED)


async def _by_batch(
    read: Callable[[str], Awaitable[Row | None]], most: int | None = None
) -> ResponseReturnValue:
    """The result of `read` for each batch id in the query, each once."""
    sent = [one.strip() for one in request.args.get("batch_ids", "").split(",") if one.strip()]
    batch_ids = dict.fromkeys(map(canonical_uuid, sent))
    if None in batch_ids:
        raise PlainError("Invalid UUID format")
    if most is not None and len(batch_ids) > most:
        raise PlainError(f"At most {most} batch ids")
    return jsonify({one: await read(one) for one in batch_ids if one})


async def _class_of(batch_id: str) -> Row | None:
    query = (
        "SELECT class_id, name AS class_name FROM associations JOIN classes USING (class_id)"
        " WHERE batch_id = ? LIMIT 1"
    )
    return await database().fetch_one(query, batch_id)


async def _review_of(batch_id: str) -> Row | None:
    query = "SELECT status, created_at FROM associations WHERE batch_id = ?"
    rows = await database().fetch_all(query, batch_id)
    pending = [row["created_at"] for row in rows if row["status"] == "pending_validation"]
    deadline = datetime.fromisoformat(min(pending)) + WAITING_TIME if pending else None
    review = {
        "batch_id": batch_id,
        "deviation_count": len(pending),
        "auto_confirm_deadline": deadline.isoformat() if deadline else None,
        "total_associations": len(rows),
        "confirmed_associations": sum(row["status"] == "confirmed" for row in rows),
    }
    return review if rows else None


@routes.get("/batches/<batch_id>/student-names")
async def student_names(batch_id: str) -> ResponseReturnValue:
    identifier = canonical_uuid(batch_id)
    if identifier is None:
        raise _invalid("get_batch_student_names", "batch_id")
    try:
        rows = await database().fetch_all(f"{_NAMES} WHERE batch_id = ?", identifier)
    except sqlite3.Error as error:
        names, message = (SERVICE, "get_batch_student_names"), "The associations could not be read"
        raise DetailedError(*names, "PROCESSING_ERROR", message) from error
    return jsonify([_named(row) for row in rows])


@routes.get("/associations/essay/<essay_id>")
async def student_of_essay(essay_id: str) -> ResponseReturnValue:
    identifier = canonical_uuid(essay_id)
    if identifier is None:
        raise _invalid("get_essay_student_association", "essay_id")
    row = await database().fetch_one(f"{_NAMES} WHERE essay_id = ?", identifier)
    if row is None:
        raise PlainError("Essay student association not found", 404)
    return jsonify(_named(row))


def _named(row: Row) -> Row:
    name = {key: row[key] for key in ("first_name", "last_name", "legal_full_name")}
    ids = {key: row[key] for key in ("essay_id", "student_id")}
    return {**ids, "student_person_name": name}


def _invalid(operation: str, field: str) -> DetailedError:
    message = f"Invalid {field} format"
    return DetailedError(SERVICE, operation, "VALIDATION_ERROR", message, field=field)
