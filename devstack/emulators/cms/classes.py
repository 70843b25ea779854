"""CMS's routes of classes and pupils: every user may read, rename and delete every one."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StringConstraints, ValidationError
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.world import now_text
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    DetailedError,
    PlainError,
    answer_500_for,
    internal_error,
    request_correlation_id,
    require_uuid,
)
from devstack.emulators.server import emulator_settings
from devstack.events import Event, add, moment_of
from devstack.events.accounts import class_changed, student_created, student_updated

CourseCode = Literal["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]
ClassName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]
_NO_CLASS, _NO_STUDENT = "Invalid class ID format", "Invalid student ID format"
_ERRORS = (sqlite3.Error, ValidationError, BadRequest, UnsupportedMediaType)


class CreateClassBody(BaseModel):
    name: ClassName
    course_codes: Annotated[list[CourseCode], Field(min_length=1)]


class UpdateClassBody(BaseModel):
    name: ClassName | None = None
    course_codes: list[CourseCode] | None = None


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


async def require_user() -> None:
    """401 without a user id; CMS believes any id, and its roster route needs none."""
    if request.endpoint != "classes.roster" and not request.headers.get("X-User-ID"):
        raise PlainError("User authentication required", 401)


routes = Blueprint("classes", __name__, url_prefix="/v1/classes")
routes.before_request(require_user)
answer_500_for(routes, *_ERRORS)


@routes.get("/")
async def list_classes() -> ResponseReturnValue:
    """A page of the user's classes; senseless paging means the default, and there is no maximum."""
    limit = request.args.get("limit", 20, type=int)
    limit = limit if limit > 0 else 20
    offset = max(request.args.get("offset", 0, type=int), 0)
    classes = await database().fetch_all(
        "SELECT class_id AS id, name, course_code, created_at, (SELECT count(*) FROM class_members"
        " WHERE class_members.class_id = classes.class_id) AS student_count"
        " FROM classes WHERE owner_id = ? ORDER BY created_at DESC LIMIT ? OFFSET ?",
        request.headers["X-User-ID"],
        limit,
        offset,
    )
    pagination = {"limit": limit, "offset": offset, "returned": len(classes)}
    return jsonify({"classes": classes, "pagination": pagination})


@routes.post("/")
async def create() -> ResponseReturnValue:
    body = CreateClassBody.model_validate(await request.get_json())
    course = _only_course(body.course_codes)
    identifier = str(uuid4())
    row = (identifier, body.name, course, request.headers["X-User-ID"], now_text())
    await database().execute("INSERT INTO classes VALUES (?, ?, ?, ?, ?)", *row)
    await _publish("created", identifier, body.name, body.course_codes)
    return jsonify({"id": identifier, "name": body.name}), 201


@routes.get("/<class_id>")
async def read(class_id: str) -> ResponseReturnValue:
    return jsonify(await _class(require_uuid(class_id, _NO_CLASS)))


@routes.put("/<class_id>")
async def update(class_id: str) -> ResponseReturnValue:
    try:
        body = UpdateClassBody.model_validate(await request.get_json())
    except ValidationError as error:
        # CMS answers this for every ValueError, also for one in the body.
        raise PlainError(_NO_CLASS) from error
    identifier = require_uuid(class_id, _NO_CLASS)
    course = _only_course(body.course_codes or [])
    changed = await database().execute(
        "UPDATE classes SET name = coalesce(?, name), course_code = coalesce(?, course_code)"
        " WHERE class_id = ?",
        body.name,
        course,
        identifier,
    )
    if not changed:
        raise PlainError("Class not found", 404)
    await _publish("updated", identifier, body.name, body.course_codes)
    if not course:
        # The change is saved all the same: CMS fails while it writes the answer.
        return await internal_error()
    return jsonify(await _class(identifier))


@routes.delete("/<class_id>")
async def delete(class_id: str) -> ResponseReturnValue:
    identifier = require_uuid(class_id, _NO_CLASS)
    if not await database().execute("DELETE FROM classes WHERE class_id = ?", identifier):
        raise PlainError("Class not found", 404)
    return jsonify({"message": "Class deleted successfully"})


@routes.get("/<class_id>/roster")
async def roster(class_id: str) -> ResponseReturnValue:
    # Nothing else runs meanwhile: CMS has one core.
    time.sleep(emulator_settings().roster_seconds)  # noqa: ASYNC251
    identifier = require_uuid(class_id, _NO_CLASS)
    await _class(identifier)
    # CMS promises no order: random ids give none. It composes the legal name anew.
    students = await database().fetch_all(
        "SELECT student_id, first_name, last_name, first_name || ' ' || last_name"
        " AS full_legal_name, email FROM students JOIN class_members USING (student_id)"
        " WHERE class_id = ? ORDER BY student_id",
        identifier,
    )
    return jsonify({"students": students})


async def _class(class_id: str) -> Row:
    query = "SELECT class_id AS id, name, course_code FROM classes WHERE class_id = ?"
    found = await database().fetch_one(query, class_id)
    if found is None:
        raise PlainError("Class not found", 404)
    return found


async def _publish(
    verb: str, class_id: str, name: str | None, courses: Sequence[str] | None
) -> None:
    user_id, when = request.headers["X-User-ID"], moment_of(request_correlation_id())
    event = class_changed(verb, class_id, name, courses, user_id=user_id, when=when)
    await database().run(lambda connection: add(connection, event))


def _only_course(codes: Sequence[str]) -> str | None:
    if len(codes) > 1:
        listed = ", ".join(codes)
        error = DetailedError(
            "class_management_service",
            "_validate_and_get_course",
            "MULTIPLE_COURSE_ERROR",
            f"Multiple courses provided ({listed}), but only one course per class is supported",
            provided_course_codes=codes,
        )
        error.detail["correlation_id"] = str(uuid4())
        raise error
    return codes[0] if codes else None


# There is no GET of the list: CMS takes /v1/classes/students for a class with that id.
student_routes = Blueprint("students", __name__, url_prefix="/v1/classes/students")
student_routes.before_request(require_user)
answer_500_for(student_routes, *_ERRORS)


@student_routes.post("")
async def create_student() -> ResponseReturnValue:
    """Every failure is a 500."""
    body = CreateStudentBody.model_validate(await request.get_json())
    identifier, creator = str(uuid4()), request.headers["X-User-ID"]
    names, classes = body.person_name.columns(), [str(one) for one in body.class_ids or []]
    when = moment_of(request_correlation_id())

    def insert(connection: sqlite3.Connection) -> None:
        row = (identifier, *names, body.email, creator)
        connection.execute("INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", row)
        members = [(one, identifier) for one in classes]
        connection.executemany("INSERT INTO class_members VALUES (?, ?)", members)
        event = student_created(
            identifier, names[:2], body.email, classes, user_id=creator, when=when
        )
        add(connection, event)

    await database().run(insert)
    return jsonify({"id": identifier, "full_name": body.person_name.full}), 201


@student_routes.get("/<student_id>")
async def read_student(student_id: str) -> ResponseReturnValue:
    return jsonify(await _student(require_uuid(student_id, _NO_STUDENT)))


@student_routes.put("/<student_id>")
async def update_student(student_id: str) -> ResponseReturnValue:
    """Change a pupil; an absent or null key changes nothing, unknown classes are ignored."""
    try:
        body = UpdateStudentBody.model_validate(await request.get_json())
    except ValidationError as error:
        raise PlainError(_NO_STUDENT) from error
    identifier = require_uuid(student_id, _NO_STUDENT)
    await _student(identifier)
    event = _updated(identifier, body)

    def change(connection: sqlite3.Connection) -> None:
        _change(connection, identifier, body)
        add(connection, event)

    await database().run(change)
    return jsonify(await _student(identifier))


@student_routes.delete("/<student_id>")
async def delete_student(student_id: str) -> ResponseReturnValue:
    identifier = require_uuid(student_id, _NO_STUDENT)
    if not await database().execute("DELETE FROM students WHERE student_id = ?", identifier):
        raise PlainError("Student not found", 404)
    return jsonify({"message": "Student deleted successfully"})


def _updated(student_id: str, body: UpdateStudentBody) -> Event:
    """What stays as it is is null."""
    user_id, when = request.headers["X-User-ID"], moment_of(request_correlation_id())
    names = body.person_name.columns()[:2] if body.person_name else (None, None)
    ids = {"add": body.add_class_ids, "remove": body.remove_class_ids}
    classes = {verb: [str(one) for one in found] if found else None for verb, found in ids.items()}
    return student_updated(student_id, names, body.email, classes, user_id=user_id, when=when)


async def _student(student_id: str) -> Row:
    query = (
        "SELECT student_id AS id, first_name, last_name, email FROM students WHERE student_id = ?"
    )
    row = await database().fetch_one(query, student_id)
    if row is None:
        raise PlainError("Student not found", 404)
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
