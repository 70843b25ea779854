"""The content service: stores bytes with their type and serves them to every caller."""

import re
import sqlite3
from uuid import uuid4

from quart import Blueprint, Quart, Response, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.database import database
from devstack.emulators.health import VERSION, add_metrics
from devstack.emulators.responses import error_detail
from devstack.emulators.server import EmulatorSettings, add_state, run, with_controls

# The length of the platform's column.
MAX_CONTENT_TYPE = 100
_ID = re.compile(r"[0-9A-Fa-f]{32}")

routes = Blueprint("content", __name__)


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    add_state(app, settings.database, EmulatorSwitches({}))
    app.register_blueprint(routes)
    add_metrics(app, "content")
    return with_controls(app)


@routes.post("/v1/content")
async def upload() -> ResponseReturnValue:
    content_type = request.headers.get("Content-Type") or "text/plain"
    try:
        body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
    except RequestEntityTooLarge:
        return _storing_failed()
    if not body:
        message = "No data provided in request body"
        return _invalid("upload_content", message, field="request_body")
    if len(content_type) > MAX_CONTENT_TYPE:
        return _storing_failed()
    storage_id = uuid4().hex
    try:
        insert = "INSERT INTO texts VALUES (?, ?, ?)"
        await database().execute(insert, storage_id, content_type, body)
    except sqlite3.Error:
        return _storing_failed()
    return jsonify({"storage_id": storage_id, "correlation_id": str(uuid4())}), 201


@routes.get("/v1/content/<content_id>")
async def download(content_id: str) -> ResponseReturnValue:
    """A text by its id; the id is compared as it is, so upper case finds nothing."""
    if _ID.fullmatch(content_id) is None:
        message = "Invalid content ID format - must be 32 character hex string"
        return _invalid("download_content", message, field="content_id", value=content_id)
    try:
        query = "SELECT content_type, body FROM texts WHERE storage_id = ?"
        found = await database().fetch_one(query, content_id)
    except sqlite3.Error:
        message = "The content could not be read"
        return _error("CONTENT_SERVICE_ERROR", message, 400, content_id=content_id)
    if found is None:
        message = f"content with ID '{content_id}' not found"
        details = {"resource_type": "content", "resource_id": content_id}
        return _error("RESOURCE_NOT_FOUND", message, 404, **details)
    return Response(found["body"], content_type=found["content_type"])


@routes.get("/healthz")
async def healthz() -> ResponseReturnValue:
    """Always healthy: the real service does not query its database here either."""
    return jsonify(
        {
            "service": "content_service",
            "status": "healthy",
            "message": "Content Service is healthy",
            "version": VERSION,
            "checks": {"service_responsive": True, "database_backed_storage": True},
            "environment": "development",
            "correlation_id": str(uuid4()),
        }
    )


def _storing_failed() -> ResponseReturnValue:
    message = "An unexpected error occurred while storing content"
    error = {"error_code": "UNKNOWN_ERROR", "message": message, "correlation_id": str(uuid4())}
    return jsonify({"error": error}), 500


def _invalid(operation: str, message: str, **details: str) -> ResponseReturnValue:
    return error_detail(
        "VALIDATION_ERROR",
        message,
        status=400,
        service="content_service",
        operation=operation,
        details=dict(details),
    )


def _error(code: str, message: str, status: int, **details: str) -> ResponseReturnValue:
    return error_detail(
        code,
        message,
        status=status,
        service="content_service",
        operation="get_content",
        details=dict(details),
    )


if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "CONTENT_SERVICE_HOST", "CONTENT_SERVICE_PORT", 8000)
