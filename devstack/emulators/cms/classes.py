"""CMS's class routes: everybody may read, rename and delete every class."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from pydantic import ValidationError
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.emulators.cms.access import require_user
from devstack.emulators.cms.bodies import CreateClass, UpdateClass
from devstack.emulators.database import Database
from devstack.emulators.replies import detailed, internal_error, plain

Body = dict[str, object]


class ClassRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def blueprint(self) -> Blueprint:
        routes = Blueprint("classes", __name__, url_prefix="/v1/classes")
        routes.before_request(require_user)
        for rule, name, method, view in (
            ("/", "list_classes", "GET", self.list_classes),
            ("/", "create", "POST", self.create),
            ("/<class_id>", "one", "GET", self.one),
            ("/<class_id>", "update", "PUT", self.update),
            ("/<class_id>", "delete", "DELETE", self.delete),
            ("/<class_id>/roster", "roster", "GET", self.roster),
        ):
            routes.add_url_rule(rule, name, view, methods=[method])
        for failure in (sqlite3.Error, ValidationError, BadRequest, UnsupportedMediaType):
            routes.register_error_handler(failure, _failed)
        return routes

    async def list_classes(self) -> ResponseReturnValue:
        limit, offset = _page()
        owner = request.headers["X-User-ID"]
        read = partial(_owned, owner_id=owner, limit=limit, offset=offset)
        classes = await self._database.run(read)
        pagination = {"limit": limit, "offset": offset, "returned": len(classes)}
        return jsonify({"classes": classes, "pagination": pagination})

    async def create(self) -> ResponseReturnValue:
        body = CreateClass.model_validate(await request.get_json())
        if len(body.course_codes) > 1:
            return _too_many_courses(list(body.course_codes))
        identifier = str(uuid4())
        created = datetime.now(UTC).replace(tzinfo=None).isoformat()
        row = (identifier, body.name, body.course_codes[0], request.headers["X-User-ID"], created)
        await self._database.run(
            lambda connection: connection.execute("INSERT INTO classes VALUES (?, ?, ?, ?, ?)", row)
        )
        return jsonify({"id": identifier, "name": body.name}), 201

    async def one(self, class_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(class_id)) is None:
            return _invalid()
        found = await self._database.run(partial(_class, class_id=identifier))
        return jsonify(found) if found else _missing()

    async def update(self, class_id: str) -> ResponseReturnValue:
        try:
            body = UpdateClass.model_validate(await request.get_json())
        except ValidationError:
            # CMS answers this for any ValueError, whatever the id is.
            return _invalid()
        if (identifier := _uuid(class_id)) is None:
            return _invalid()
        if body.course_codes is not None and len(body.course_codes) > 1:
            return _too_many_courses(list(body.course_codes))
        course = body.course_codes[0] if body.course_codes else None
        change = partial(_change, class_id=identifier, name=body.name, course_code=course)
        if not await self._database.run(change):
            return _missing()
        if not course:
            # The change is saved all the same: CMS trips over the answer.
            return internal_error()
        return jsonify(await self._database.run(partial(_class, class_id=identifier)))

    async def delete(self, class_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(class_id)) is None:
            return _invalid()
        gone = await self._database.run(partial(_delete, class_id=identifier))
        return jsonify({"message": "Class deleted successfully"}) if gone else _missing()

    async def roster(self, class_id: str) -> ResponseReturnValue:
        if (identifier := _uuid(class_id)) is None:
            return _invalid()
        students = await self._database.run(partial(_roster, class_id=identifier))
        return _missing() if students is None else jsonify({"students": students})


def _page() -> tuple[int, int]:
    """Whatever makes no sense becomes the default; there is no maximum."""
    limit = request.args.get("limit", 20, type=int)
    offset = request.args.get("offset", 0, type=int)
    return (limit if limit > 0 else 20), max(offset, 0)


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _invalid() -> ResponseReturnValue:
    return plain("Invalid class ID format", 400)


def _missing() -> ResponseReturnValue:
    return plain("Class not found", 404)


def _too_many_courses(codes: list[str]) -> ResponseReturnValue:
    listed = ", ".join(codes)
    return detailed(
        "MULTIPLE_COURSE_ERROR",
        f"Multiple courses provided ({listed}), but only one course per class is supported",
        status=400,
        service="class_management_service",
        operation="_validate_and_get_course",
        details={"provided_course_codes": codes},
    )


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _owned(connection: sqlite3.Connection, owner_id: str, limit: int, offset: int) -> list[Body]:
    rows = connection.execute(
        "SELECT class_id AS id, name, course_code, created_at, (SELECT count(*) FROM class_members"
        " WHERE class_members.class_id = classes.class_id) AS student_count"
        " FROM classes WHERE owner_id = ? ORDER BY created_at DESC LIMIT ? OFFSET ?",
        (owner_id, limit, offset),
    )
    return [dict(row) for row in rows]


def _class(connection: sqlite3.Connection, class_id: str) -> Body | None:
    query = "SELECT class_id AS id, name, course_code FROM classes WHERE class_id = ?"
    row = connection.execute(query, (class_id,)).fetchone()
    return None if row is None else dict(row)


def _change(
    connection: sqlite3.Connection, class_id: str, name: str | None, course_code: str | None
) -> bool:
    changed = connection.execute(
        "UPDATE classes SET name = coalesce(?, name), course_code = coalesce(?, course_code)"
        " WHERE class_id = ?",
        (name, course_code, class_id),
    )
    return changed.rowcount > 0


def _delete(connection: sqlite3.Connection, class_id: str) -> bool:
    return connection.execute("DELETE FROM classes WHERE class_id = ?", (class_id,)).rowcount > 0


def _roster(connection: sqlite3.Connection, class_id: str) -> list[Body] | None:
    if _class(connection, class_id) is None:
        return None
    # Ids are random, so this order means nothing: CMS promises none. The legal name is recomputed.
    rows = connection.execute(
        "SELECT student_id, first_name, last_name, first_name || ' ' || last_name"
        " AS full_legal_name, email FROM students JOIN class_members USING (student_id)"
        " WHERE class_id = ? ORDER BY student_id",
        (class_id,),
    )
    return [dict(row) for row in rows]
