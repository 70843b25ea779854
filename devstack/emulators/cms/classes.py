"""CMS's class routes: every user may read, rename and delete every class."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, StringConstraints, ValidationError
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    answer_500_for,
    canonical_uuid,
    error_detail,
    internal_error,
    plain_error,
    request_correlation_id,
)
from devstack.events import add, moment_of
from devstack.events.accounts import class_changed

CourseCode = Literal["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]
ClassName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CreateClassBody(BaseModel):
    name: ClassName
    course_codes: Annotated[list[CourseCode], Field(min_length=1)]


class UpdateClassBody(BaseModel):
    name: ClassName | None = None
    course_codes: list[CourseCode] | None = None


async def require_user() -> ResponseReturnValue | None:
    """401 without a user id; CMS believes any id, and its roster route needs none."""
    if request.endpoint == "classes.roster" or request.headers.get("X-User-ID"):
        return None
    return plain_error("User authentication required", 401)


def create_routes(roster_seconds: float) -> Blueprint:
    routes = Blueprint("classes", __name__, url_prefix="/v1/classes")
    routes.before_request(require_user)
    answer_500_for(routes, sqlite3.Error, ValidationError, BadRequest, UnsupportedMediaType)
    routes.get("/")(list_classes)
    routes.post("/")(create)
    routes.get("/<class_id>")(read)
    routes.put("/<class_id>")(update)
    routes.delete("/<class_id>")(delete)
    routes.get("/<class_id>/roster", endpoint="roster")(partial(roster, roster_seconds))
    return routes


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


async def create() -> ResponseReturnValue:
    body = CreateClassBody.model_validate(await request.get_json())
    if len(body.course_codes) > 1:
        return _too_many_courses(list(body.course_codes))
    identifier = str(uuid4())
    created = datetime.now(UTC).replace(tzinfo=None).isoformat()
    row = (identifier, body.name, body.course_codes[0], request.headers["X-User-ID"], created)
    await database().execute("INSERT INTO classes VALUES (?, ?, ?, ?, ?)", *row)
    await _publish("created", identifier, body.name, body.course_codes)
    return jsonify({"id": identifier, "name": body.name}), 201


async def read(class_id: str) -> ResponseReturnValue:
    if (identifier := canonical_uuid(class_id)) is None:
        return _invalid()
    found = await _class(identifier)
    return jsonify(found) if found else _missing()


async def update(class_id: str) -> ResponseReturnValue:
    try:
        body = UpdateClassBody.model_validate(await request.get_json())
    except ValidationError:
        # CMS answers this for every ValueError, also for one in the body.
        return _invalid()
    if (identifier := canonical_uuid(class_id)) is None:
        return _invalid()
    if body.course_codes is not None and len(body.course_codes) > 1:
        return _too_many_courses(list(body.course_codes))
    course = body.course_codes[0] if body.course_codes else None
    changed = await database().execute(
        "UPDATE classes SET name = coalesce(?, name), course_code = coalesce(?, course_code)"
        " WHERE class_id = ?",
        body.name,
        course,
        identifier,
    )
    if not changed:
        return _missing()
    await _publish("updated", identifier, body.name, body.course_codes)
    if not course:
        # The change is saved all the same: CMS fails while it writes the answer.
        return await internal_error()
    return jsonify(await _class(identifier))


async def delete(class_id: str) -> ResponseReturnValue:
    if (identifier := canonical_uuid(class_id)) is None:
        return _invalid()
    deleted = await database().execute("DELETE FROM classes WHERE class_id = ?", identifier)
    return jsonify({"message": "Class deleted successfully"}) if deleted else _missing()


async def roster(seconds: float, class_id: str) -> ResponseReturnValue:
    keep_core_busy(seconds)
    if (identifier := canonical_uuid(class_id)) is None:
        return _invalid()
    if await _class(identifier) is None:
        return _missing()
    # CMS promises no order: random ids give none. It composes the legal name anew.
    students = await database().fetch_all(
        "SELECT student_id, first_name, last_name, first_name || ' ' || last_name"
        " AS full_legal_name, email FROM students JOIN class_members USING (student_id)"
        " WHERE class_id = ? ORDER BY student_id",
        identifier,
    )
    return jsonify({"students": students})


def keep_core_busy(seconds: float) -> None:
    """Nothing else of this service runs meanwhile: CMS has one core."""
    time.sleep(seconds)


async def _publish(
    verb: str, class_id: str, name: str | None, courses: Sequence[str] | None
) -> None:
    user_id, when = request.headers["X-User-ID"], moment_of(request_correlation_id())
    event = class_changed(verb, class_id, name, courses, user_id=user_id, when=when)
    await database().run(lambda connection: add(connection, event))


async def _class(class_id: str) -> Row | None:
    query = "SELECT class_id AS id, name, course_code FROM classes WHERE class_id = ?"
    return await database().fetch_one(query, class_id)


def _invalid() -> ResponseReturnValue:
    return plain_error("Invalid class ID format", 400)


def _missing() -> ResponseReturnValue:
    return plain_error("Class not found", 404)


def _too_many_courses(codes: list[str]) -> ResponseReturnValue:
    listed = ", ".join(codes)
    return error_detail(
        "MULTIPLE_COURSE_ERROR",
        f"Multiple courses provided ({listed}), but only one course per class is supported",
        status=400,
        service="class_management_service",
        operation="_validate_and_get_course",
        details={"provided_course_codes": codes},
    )
