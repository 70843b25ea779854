"""CMS's pupil routes: every failure of a creation is a 500."""

import sqlite3
from functools import partial
from uuid import UUID, uuid4

from pydantic import ValidationError
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.emulators.cms.access import require_user
from devstack.emulators.cms.bodies import CreateStudent, UpdateStudent
from devstack.emulators.database import Database
from devstack.emulators.replies import internal_error, plain

Body = dict[str, object]


class StudentRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def blueprint(self) -> Blueprint:
        routes = Blueprint("students", __name__, url_prefix="/v1/classes/students")
        routes.before_request(require_user)
        # No GET here: CMS takes /v1/classes/students for a class with that id.
        routes.add_url_rule("", "create", self.create, methods=["POST"])
        for method, view in (("GET", self.one), ("PUT", self.update), ("DELETE", self.delete)):
            routes.add_url_rule("/<student_id>", method.lower(), view, methods=[method])
        for failure in (sqlite3.Error, ValidationError, BadRequest, UnsupportedMediaType):
            routes.register_error_handler(failure, _failed)
        return routes

    async def create(self) -> ResponseReturnValue:
        body = CreateStudent.model_validate(await request.get_json())
        identifier = str(uuid4())
        insert = partial(_insert, identifier, request.headers["X-User-ID"], body)
        await self._database.run(insert)
        return jsonify({"id": identifier, "full_name": body.person_name.full}), 201

    async def one(self, student_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(student_id)) is None:
            return _invalid()
        found = await self._database.run(partial(_student, identifier))
        return jsonify(found) if found else _missing()

    async def update(self, student_id: str) -> ResponseReturnValue:
        try:
            body = UpdateStudent.model_validate(await request.get_json())
        except ValidationError:
            return _invalid()
        if (identifier := _uuid(student_id)) is None:
            return _invalid()
        if not await self._database.run(partial(_change, identifier, body)):
            return _missing()
        return jsonify(await self._database.run(partial(_student, identifier)))

    async def delete(self, student_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(student_id)) is None:
            return _invalid()
        gone = await self._database.run(partial(_delete, identifier))
        return jsonify({"message": "Student deleted successfully"}) if gone else _missing()


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _invalid() -> ResponseReturnValue:
    return plain("Invalid student ID format", 400)


def _missing() -> ResponseReturnValue:
    return plain("Student not found", 404)


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _insert(
    student_id: str, creator: str, body: CreateStudent, connection: sqlite3.Connection
) -> None:
    name = body.person_name
    legal = name.legal_full_name or name.full
    connection.execute(
        "INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)",
        (student_id, name.first_name, name.last_name, legal, body.email, creator),
    )
    connection.executemany(
        "INSERT INTO class_members VALUES (?, ?)",
        [(str(one), student_id) for one in body.class_ids or []],
    )


def _student(student_id: str, connection: sqlite3.Connection) -> Body | None:
    query = (
        "SELECT student_id AS id, first_name, last_name, email FROM students WHERE student_id = ?"
    )
    row = connection.execute(query, (student_id,)).fetchone()
    if row is None:
        return None
    classes = connection.execute(
        "SELECT class_id FROM class_members WHERE student_id = ?", (student_id,)
    )
    return {**dict(row), "class_ids": [one["class_id"] for one in classes]}


def _change(student_id: str, body: UpdateStudent, connection: sqlite3.Connection) -> bool:
    """An absent or null key leaves what is there; unknown classes are skipped in silence."""
    if _student(student_id, connection) is None:
        return False
    if body.person_name is not None:
        name = body.person_name
        connection.execute(
            "UPDATE students SET first_name = ?, last_name = ?, legal_full_name = ?"
            " WHERE student_id = ?",
            (name.first_name, name.last_name, name.legal_full_name or name.full, student_id),
        )
    connection.execute(
        "UPDATE students SET email = coalesce(?, email) WHERE student_id = ?",
        (body.email, student_id),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO class_members SELECT class_id, ? FROM classes WHERE class_id = ?",
        [(student_id, str(one)) for one in body.add_class_ids or []],
    )
    connection.executemany(
        "DELETE FROM class_members WHERE student_id = ? AND class_id = ?",
        [(student_id, str(one)) for one in body.remove_class_ids or []],
    )
    return True


def _delete(student_id: str, connection: sqlite3.Connection) -> bool:
    deleted = connection.execute("DELETE FROM students WHERE student_id = ?", (student_id,))
    return deleted.rowcount > 0
