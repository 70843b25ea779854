"""CMS's pupil routes: every failure of a creation is a 500."""

import sqlite3
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, StringConstraints, ValidationError
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.emulators.cms.classes import require_user
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    answer_500_for,
    canonical_uuid,
    plain_error,
    request_correlation_id,
)
from devstack.events import Event, Moment, add, moment_of
from devstack.events.accounts import student_created, student_updated

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]


class StudentName(BaseModel):
    first_name: str
    last_name: str
    legal_full_name: str | None = None

    @property
    def full(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def columns(self) -> tuple[str, str, str]:
        return self.first_name, self.last_name, self.legal_full_name or self.full


class CreateStudentBody(BaseModel):
    person_name: StudentName
    email: Email | None = None
    class_ids: list[UUID] | None = None


class UpdateStudentBody(BaseModel):
    person_name: StudentName | None = None
    email: Email | None = None
    add_class_ids: list[UUID] | None = None
    remove_class_ids: list[UUID] | None = None


# There is no GET of the list: CMS takes /v1/classes/students for a class with that id.
routes = Blueprint("students", __name__, url_prefix="/v1/classes/students")
routes.before_request(require_user)
answer_500_for(routes, sqlite3.Error, ValidationError, BadRequest, UnsupportedMediaType)


@routes.post("")
async def create() -> ResponseReturnValue:
    body = CreateStudentBody.model_validate(await request.get_json())
    identifier, creator = str(uuid4()), request.headers["X-User-ID"]

    def insert(connection: sqlite3.Connection) -> None:
        row = (identifier, *body.person_name.columns(), body.email, creator)
        connection.execute("INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", row)
        members = [(str(one), identifier) for one in body.class_ids or []]
        connection.executemany("INSERT INTO class_members VALUES (?, ?)", members)
        names, classes = body.person_name.columns()[:2], [one for one, _ in members]
        created = student_created(
            identifier, names, body.email, classes, user_id=creator, when=when
        )
        add(connection, created)

    when = moment_of(request_correlation_id())
    await database().run(insert)
    return jsonify({"id": identifier, "full_name": body.person_name.full}), 201


@routes.get("/<student_id>")
async def read(student_id: str) -> ResponseReturnValue:
    if (identifier := canonical_uuid(student_id)) is None:
        return _invalid()
    found = await _student(identifier)
    return jsonify(found) if found else _missing()


@routes.put("/<student_id>")
async def update(student_id: str) -> ResponseReturnValue:
    """Change a pupil; an absent or null key changes nothing, unknown classes are ignored."""
    try:
        body = UpdateStudentBody.model_validate(await request.get_json())
    except ValidationError:
        return _invalid()
    if (identifier := canonical_uuid(student_id)) is None:
        return _invalid()
    if await _student(identifier) is None:
        return _missing()
    user_id, when = request.headers["X-User-ID"], moment_of(request_correlation_id())

    def change(connection: sqlite3.Connection) -> None:
        _change(connection, identifier, body)
        add(connection, _updated(identifier, body, user_id, when))

    await database().run(change)
    return jsonify(await _student(identifier))


@routes.delete("/<student_id>")
async def delete(student_id: str) -> ResponseReturnValue:
    if (identifier := canonical_uuid(student_id)) is None:
        return _invalid()
    deleted = await database().execute("DELETE FROM students WHERE student_id = ?", identifier)
    return jsonify({"message": "Student deleted successfully"}) if deleted else _missing()


def _invalid() -> ResponseReturnValue:
    return plain_error("Invalid student ID format", 400)


def _missing() -> ResponseReturnValue:
    return plain_error("Student not found", 404)


def _updated(student_id: str, body: UpdateStudentBody, user_id: str, when: Moment) -> Event:
    """What stays as it is is null."""
    names = body.person_name.columns()[:2] if body.person_name else (None, None)
    classes = {
        "add": [str(one) for one in body.add_class_ids] if body.add_class_ids else None,
        "remove": [str(one) for one in body.remove_class_ids] if body.remove_class_ids else None,
    }
    return student_updated(student_id, names, body.email, classes, user_id=user_id, when=when)


async def _student(student_id: str) -> Row | None:
    columns = "student_id AS id, first_name, last_name, email"
    query = f"SELECT {columns} FROM students WHERE student_id = ?"  # noqa: S608 - fixed columns
    row = await database().fetch_one(query, student_id)
    if row is None:
        return None
    query = "SELECT class_id FROM class_members WHERE student_id = ?"
    classes = await database().fetch_all(query, student_id)
    return {**row, "class_ids": [one["class_id"] for one in classes]}


def _change(connection: sqlite3.Connection, student_id: str, body: UpdateStudentBody) -> None:
    if body.person_name is not None:
        connection.execute(
            "UPDATE students SET first_name = ?, last_name = ?, legal_full_name = ?"
            " WHERE student_id = ?",
            (*body.person_name.columns(), student_id),
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
