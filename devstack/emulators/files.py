"""The file service: accepts uploads unseen; answers 409 for every reason not to take a file."""

import sqlite3
from datetime import UTC, datetime
from urllib.parse import unquote

from quart import Blueprint, Quart, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.effects import Effect, schedule
from devstack.effects.uploads import receive
from devstack.emulators.control import switches
from devstack.emulators.database import Row, database
from devstack.emulators.responses import (
    DetailedError,
    PlainError,
    answer_500_for,
    request_correlation_id,
)
from devstack.emulators.server import EmulatorSettings, add_health, new_app, run, with_controls

REMOVED_AFTER = 0.5
_PHASE_ORDER = ("spellcheck", "ai_feedback", "cj_assessment", "nlp")
# A failed or cancelled phase does not lock its batch.
_LOCKING_STATUSES = (
    "dispatch_initiated",
    "in_progress",
    "completed_successfully",
    "completed_with_partial_success",
)

routes = Blueprint("files", __name__, url_prefix="/v1/files/batch")
answer_500_for(routes, sqlite3.Error, RequestEntityTooLarge)


def create_app(settings: EmulatorSettings) -> Quart:
    app = new_app("file_service", settings.database, {"bos": ("up", "down")})
    app.register_blueprint(routes)
    # The real service checks no dependency.
    note = "Storage availability checked during file operations"
    storage = {"storage": {"status": "healthy", "note": note}}
    add_health(app, "file-service", "File Service", storage, checks_database=False)
    return with_controls(app)


@routes.post("")
async def upload() -> ResponseReturnValue:
    batch_id = (await request.form).get("batch_id", "")
    if not batch_id:
        raise PlainError("batch_id is required in form data.")
    return await _accept(batch_id, added=False)


@routes.post("/<batch_id>/files")
async def add(batch_id: str) -> ResponseReturnValue:
    return await _accept(batch_id, added=True)


@routes.get("/<batch_id>/state")
async def state(batch_id: str) -> ResponseReturnValue:
    """The lock of any batch, for any user: an unknown batch is a 200, too."""
    _require_user()
    return jsonify({"batch_id": batch_id, "lock_status": await _lock_status(batch_id)})


@routes.delete("/<batch_id>/files/<file_upload_id>")
async def remove(batch_id: str, file_upload_id: str) -> ResponseReturnValue:
    # This route reads the user id as it is, encoded or not.
    user_id = request.headers.get("X-User-ID", "")
    if not user_id:
        raise PlainError("User authentication required", 401)
    await _require_open(batch_id, user_id)
    removal = Effect("file_removed", batch_id, {"upload": file_upload_id, "user": user_id})
    await database().run(lambda connection: schedule(connection, removal, REMOVED_AFTER))
    message = f"File removal request processed for file {file_upload_id} in batch {batch_id}"
    return jsonify(
        {
            "message": message,
            "batch_id": batch_id,
            "file_upload_id": file_upload_id,
            "correlation_id": request_correlation_id(),
        }
    )


async def _accept(batch_id: str, *, added: bool) -> ResponseReturnValue:
    user_id = _require_user()
    files = (await request.files).getlist("files")
    await _require_open(batch_id, user_id)
    if not files:
        raise PlainError("No files provided in 'files' field.")
    # A part without a name is passed over, and counted all the same.
    taken = [(file.filename, file.read()) for file in files if file.filename]

    def receive_all(connection: sqlite3.Connection) -> None:
        for name, content in taken:
            receive(connection, batch_id, user_id, name, content)

    await database().run(receive_all)
    verb = "added to" if added else "received for"
    body: dict[str, object] = {
        "message": f"{len(files)} files {verb} batch {batch_id} and are being processed.",
        "batch_id": batch_id,
        "correlation_id": request_correlation_id(),
    }
    return jsonify(body | ({"added_files": len(files)} if added else {})), 202


async def _lock_status(batch_id: str) -> dict[str, object]:
    unverified: dict[str, object] = {"locked": True, "reason": "Unable to verify batch state"}
    if switches()["bos"] == "down":
        return unverified
    batch = await _batch(batch_id)
    if batch is None:
        return unverified | {"status_code": 404}
    lock = batch["lock"]
    if lock is None:
        return {
            "locked": False,
            "reason": "Batch is open for modifications",
            "current_state": "READY_FOR_MODIFICATIONS",
        }
    started = lock["started_at"]
    return {
        "locked": True,
        "reason": lock["reason"],
        "locked_at": started and datetime.fromisoformat(started).replace(tzinfo=UTC).isoformat(),
        "current_phase": lock["name"],
        "phase_status": lock["status"],
    }


async def _require_open(batch_id: str, user_id: str) -> None:
    """Check that a batch takes files from this user; every reason against it is a 409."""
    if switches()["bos"] == "down":
        service = "batch_orchestrator_service"
        message = f"{service} did not answer"
        raise _refused("EXTERNAL_SERVICE_ERROR", message, external_service=service)
    batch = await _batch(batch_id)
    if batch is None:
        message, resource = f"batch with ID '{batch_id}' not found", {"resource_type": "batch"}
        raise _refused("RESOURCE_NOT_FOUND", message, **resource, resource_id=batch_id)
    if batch["user_id"] != user_id:
        # The platform names the owner to every caller.
        owners = {"batch_owner": batch["user_id"], "requested_user": user_id}
        message = "You don't own this batch"
        raise _refused("AUTHORIZATION_ERROR", message, batch_id=batch_id, **owners)
    if (lock := batch["lock"]) is not None:
        message = f"Batch {batch_id} is locked: {lock['reason']}"
        phase = {"locked_by_phase": lock["name"], "phase_status": lock["status"]}
        raise _refused("PROCESSING_ERROR", message, batch_id=batch_id, **phase)


async def _batch(batch_id: str) -> Row | None:
    """`user_id`, and `lock`, the first phase that locks the batch; None means open."""
    query = "SELECT user_id FROM bos_batches WHERE batch_id = ?"
    owner = await database().fetch_one(query, batch_id)
    if owner is None:
        return None
    query = "SELECT name, status, started_at FROM phases WHERE batch_id = ?"
    phases = await database().fetch_all(query, batch_id)
    locking = [phase for phase in phases if phase["status"] in _LOCKING_STATUSES]
    lock = min(locking, key=lambda phase: _PHASE_ORDER.index(phase["name"]), default=None)
    if lock is not None:
        lock["reason"] = f"{lock['name']} processing has started"
    return owner | {"lock": lock}


def _require_user() -> str:
    user_id = request.headers.get("X-User-ID", "")
    if request.headers.get("X-Identity-Encoding", "").lower() == "url":
        user_id = unquote(user_id)
    if not user_id:
        raise PlainError("User authentication required", 401)
    return user_id


def _refused(code: str, message: str, **details: str) -> DetailedError:
    return DetailedError("file_service", "can_modify_batch_files", code, message, 409, **details)


if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "FILE_SERVICE_HOST", "FILE_SERVICE_HTTP_PORT", 7001)
