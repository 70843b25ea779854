"""The content service: stores bytes with their type and serves them to every caller."""

import re
import sqlite3
from uuid import uuid4

from quart import Blueprint, Quart, Response, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.emulators.database import database
from devstack.emulators.responses import DetailedError
from devstack.emulators.server import VERSION, EmulatorSettings, new_app, run, with_controls

# The length of the platform's column.
MAX_CONTENT_TYPE = 100
_ID = re.compile(r"[0-9A-Fa-f]{32}")

routes = Blueprint("content", __name__)


def create_app(settings: EmulatorSettings) -> Quart:
    app = new_app("content", settings.database)
    app.register_blueprint(routes)
    return with_controls(app)


@routes.post("/v1/content")
async def upload() -> ResponseReturnValue:
    content_type = request.headers.get("Content-Type") or "text/plain"
    storage_id, insert = uuid4().hex, "INSERT INTO texts VALUES (?, ?, ?)"
    try:
        body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
        if not body:
            message = "No data provided in request body"
            raise _error("upload_content", "VALIDATION_ERROR", message, field="request_body")
        if len(content_type) > MAX_CONTENT_TYPE:
            raise sqlite3.DataError("PostgreSQL refuses the type")
        await database().execute(insert, storage_id, content_type, body)
    except (RequestEntityTooLarge, sqlite3.Error):
        message = "An unexpected error occurred while storing content"
        error = {"error_code": "UNKNOWN_ERROR", "message": message, "correlation_id": str(uuid4())}
        return jsonify({"error": error}), 500
    return jsonify({"storage_id": storage_id, "correlation_id": str(uuid4())}), 201


@routes.get("/v1/content/<content_id>")
async def download(content_id: str) -> ResponseReturnValue:
    """A text by its id; the id is compared as it is, so upper case finds nothing."""
    if _ID.fullmatch(content_id) is None:
        message = "Invalid content ID format - must be 32 character hex string"
        field = {"field": "content_id", "value": content_id}
        raise _error("download_content", "VALIDATION_ERROR", message, **field)
    try:
        query = "SELECT content_type, body FROM texts WHERE storage_id = ?"
        found = await database().fetch_one(query, content_id)
    except sqlite3.Error as error:
        message, code = "The content could not be read", "CONTENT_SERVICE_ERROR"
        raise _error("get_content", code, message, content_id=content_id) from error
    if found is None:
        message = f"content with ID '{content_id}' not found"
        resource = {"resource_type": "content", "resource_id": content_id}
        raise _error("get_content", "RESOURCE_NOT_FOUND", message, 404, **resource)
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


def _error(
    operation: str, code: str, message: str, status: int = 400, /, **details: str
) -> DetailedError:
    error = DetailedError("content_service", operation, code, message, status, **details)
    # A new one, whatever the caller sends.
    error.detail["correlation_id"] = str(uuid4())
    return error


if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "CONTENT_SERVICE_HOST", "CONTENT_SERVICE_PORT", 8000)
