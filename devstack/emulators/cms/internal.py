"""CMS's internal routes: names and classes for other services."""

import sqlite3
from functools import partial
from uuid import UUID

from quart import Blueprint, abort, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.internal_access import refusal
from devstack.emulators.replies import correlation_id, detailed, internal_error, plain
from devstack.emulators.settings import EmulatorSettings

Body = dict[str, object]
_NAMES = (
    "SELECT essay_id, student_id, first_name, last_name, legal_full_name"
    " FROM associations JOIN students USING (student_id)"
)


class InternalRoutes:
    def __init__(self, settings: EmulatorSettings, database: Database, switches: Switches) -> None:
        self._key = settings.internal_api_key
        self._database = database
        self._switches = switches

    def blueprint(self) -> Blueprint:
        routes = Blueprint("internal", __name__, url_prefix="/internal/v1")
        routes.before_request(self.authenticate)
        routes.add_url_rule("/batches/class-info", "class_info", self.class_info)
        routes.add_url_rule("/batches/<batch_id>/student-names", "names", self.student_names)
        routes.add_url_rule("/associations/essay/<essay_id>", "essay", self.essay)
        routes.register_error_handler(sqlite3.Error, _failed)
        return routes

    async def authenticate(self) -> ResponseReturnValue | None:
        reason = refusal(request.headers, self._key, allowed=None)
        return plain(reason, 401) if reason else None

    async def class_info(self) -> ResponseReturnValue:
        if self._switches["class_info"] == "shipped":
            # The shipped wiring cannot build the route's service: Quart's own HTML page.
            abort(500)
        sent = request.args.get("batch_ids", "").split(",")
        try:
            identifiers = [str(UUID(one.strip())) for one in sent if one.strip()]
        except ValueError:
            return plain("Invalid UUID format", 400)
        try:
            return jsonify(await self._database.run(partial(_classes, identifiers)))
        except sqlite3.Error:
            # This route alone lets a lost database out as a page.
            abort(500)

    async def student_names(self, batch_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(batch_id)) is None:
            return _invalid("batch_id", "get_batch_student_names")
        try:
            rows = await self._database.run(partial(_names, identifier))
        except sqlite3.Error:
            return _unreadable("get_batch_student_names")
        return jsonify(rows)

    async def essay(self, essay_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(essay_id)) is None:
            return _invalid("essay_id", "get_essay_student_association")
        found = await self._database.run(partial(_name, identifier))
        return jsonify(found) if found else plain("Essay student association not found", 404)


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _invalid(field: str, operation: str) -> ResponseReturnValue:
    return detailed(
        "VALIDATION_ERROR",
        f"Invalid {field} format",
        status=400,
        service="class_management_service",
        operation=operation,
        details={"field": field},
        correlation_id=correlation_id(),
    )


def _unreadable(operation: str) -> ResponseReturnValue:
    return detailed(
        "PROCESSING_ERROR",
        "The associations could not be read",
        status=400,
        service="class_management_service",
        operation=operation,
        details={},
        correlation_id=correlation_id(),
    )


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _classes(batch_ids: list[str], connection: sqlite3.Connection) -> dict[str, Body | None]:
    """None: the batch has no association row, which says nothing about its class."""
    query = (
        "SELECT class_id, name AS class_name FROM associations JOIN classes USING (class_id)"
        " WHERE batch_id = ? LIMIT 1"
    )
    found: dict[str, Body | None] = {}
    for batch_id in batch_ids:
        row = connection.execute(query, (batch_id,)).fetchone()
        found[batch_id] = None if row is None else dict(row)
    return found


def _names(batch_id: str, connection: sqlite3.Connection) -> list[Body]:
    rows = connection.execute(f"{_NAMES} WHERE batch_id = ?", (batch_id,))
    return [_named(row) for row in rows]


def _name(essay_id: str, connection: sqlite3.Connection) -> Body | None:
    row = connection.execute(f"{_NAMES} WHERE essay_id = ?", (essay_id,)).fetchone()
    return None if row is None else _named(row)


def _named(row: sqlite3.Row) -> Body:
    name = {key: row[key] for key in ("first_name", "last_name", "legal_full_name")}
    return {
        "essay_id": row["essay_id"],
        "student_id": row["student_id"],
        "student_person_name": name,
    }
