"""The content service's two routes: bytes in, the same bytes and type out, no questions asked."""

import re
import sqlite3
from functools import partial
from uuid import uuid4

from quart import Blueprint, Response, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.emulators.database import Database
from devstack.emulators.replies import detailed

MAX_CONTENT_TYPE = 100
_ID = re.compile(r"[0-9A-Fa-f]{32}")

Text = tuple[str, bytes]


class ContentRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def blueprint(self) -> Blueprint:
        routes = Blueprint("content", __name__, url_prefix="/v1/content")
        routes.add_url_rule("", "upload", self.upload, methods=["POST"])
        routes.add_url_rule("/<content_id>", "download", self.download)
        return routes

    async def upload(self) -> ResponseReturnValue:
        content_type = request.headers.get("Content-Type") or "text/plain"
        try:
            body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
        except RequestEntityTooLarge:
            return _unexpected("An unexpected error occurred while storing content")
        if not body:
            return _invalid("request_body", "No data provided in request body", "upload_content")
        storage_id = uuid4().hex
        try:
            await self._database.run(partial(_store, storage_id, content_type, body))
        except (sqlite3.Error, ValueError):
            return _unexpected("An unexpected error occurred while storing content")
        return jsonify({"storage_id": storage_id, "correlation_id": str(uuid4())}), 201

    async def download(self, content_id: str) -> ResponseReturnValue:
        if _ID.fullmatch(content_id) is None:
            message = "Invalid content ID format - must be 32 character hex string"
            return _invalid("content_id", message, "download_content", value=content_id)
        try:
            found = await self._database.run(partial(_text, content_id))
        except sqlite3.Error:
            return _unreadable(content_id)
        if found is None:
            return _missing(content_id)
        content_type, body = found
        return Response(body, content_type=content_type)


def _invalid(field: str, message: str, operation: str, **more: str) -> ResponseReturnValue:
    return detailed(
        "VALIDATION_ERROR",
        message,
        status=400,
        service="content_service",
        operation=operation,
        details={"field": field, **more},
    )


def _missing(content_id: str) -> ResponseReturnValue:
    """The right id in upper case is missing too: it is compared as it is."""
    return detailed(
        "RESOURCE_NOT_FOUND",
        f"content with ID '{content_id}' not found",
        status=404,
        service="content_service",
        operation="get_content",
        details={"resource_type": "content", "resource_id": content_id},
    )


def _unreadable(content_id: str) -> ResponseReturnValue:
    return detailed(
        "CONTENT_SERVICE_ERROR",
        "The content could not be read",
        status=400,
        service="content_service",
        operation="get_content",
        details={"content_id": content_id},
    )


def _unexpected(message: str) -> ResponseReturnValue:
    error = {"error_code": "UNKNOWN_ERROR", "message": message, "correlation_id": str(uuid4())}
    return jsonify({"error": error}), 500


def _store(storage_id: str, content_type: str, body: bytes, connection: sqlite3.Connection) -> None:
    """Keep a text.

    Raises:
        ValueError: The type is longer than the column that holds it on the platform.
    """
    if len(content_type) > MAX_CONTENT_TYPE:
        raise ValueError(len(content_type))
    connection.execute("INSERT INTO texts VALUES (?, ?, ?)", (storage_id, content_type, body))


def _text(content_id: str, connection: sqlite3.Connection) -> Text | None:
    query = "SELECT content_type, body FROM texts WHERE storage_id = ?"
    row = connection.execute(query, (content_id,)).fetchone()
    return None if row is None else (row["content_type"], bytes(row["body"]))
