"""The file service: accepts uploads unseen; answers 409 for every reason not to take a file."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from quart import Blueprint, Quart, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.effects import Effect, schedule
from devstack.effects.uploads import receive
from devstack.emulators.control import EmulatorSwitches, switches
from devstack.emulators.database import database
from devstack.emulators.health import add_health, add_metrics
from devstack.emulators.responses import (
    answer_500_for,
    error_detail,
    plain_error,
    request_correlation_id,
)
from devstack.emulators.server import EmulatorSettings, add_state, run, with_controls

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
    app = Quart(__name__)
    choices = EmulatorSwitches({"bos": ("up", "down")})
    add_state(app, settings.database, choices)
    app.register_blueprint(routes)

    async def dependencies() -> dict[str, dict[str, str]]:
        # The real service checks no dependency.
        note = "Storage availability checked during file operations"
        return {"storage": {"status": "healthy", "note": note}}

    add_health(app, "file-service", "File Service", dependencies)
    add_metrics(app, "file_service")
    return with_controls(app, choices)


@dataclass(frozen=True, slots=True)
class LockingPhase:
    """The first phase that locks a batch; `started_at` is naive UTC."""

    name: str
    status: str
    started_at: str | None

    @property
    def reason(self) -> str:
        return f"{self.name} processing has started"


@dataclass(frozen=True, slots=True)
class OrchestratorBatch:
    """A batch as the orchestrator knows it; `lock` None means open."""

    owner_id: str
    lock: LockingPhase | None


@routes.post("")
async def upload() -> ResponseReturnValue:
    batch_id = (await request.form).get("batch_id", "")
    if not batch_id:
        return plain_error("batch_id is required in form data.", 400)
    return await _accept(batch_id, added=False)


@routes.post("/<batch_id>/files")
async def add(batch_id: str) -> ResponseReturnValue:
    return await _accept(batch_id, added=True)


@routes.get("/<batch_id>/state")
async def state(batch_id: str) -> ResponseReturnValue:
    """The lock of any batch, for any user: an unknown batch is a 200, too."""
    if not _user_id():
        return _unauthenticated()
    return jsonify({"batch_id": batch_id, "lock_status": await _lock_status(batch_id)})


@routes.delete("/<batch_id>/files/<file_upload_id>")
async def remove(batch_id: str, file_upload_id: str) -> ResponseReturnValue:
    # This route reads the user id as it is, encoded or not.
    user_id = request.headers.get("X-User-ID", "")
    if not user_id:
        return _unauthenticated()
    if (conflict := await _conflict(batch_id, user_id)) is not None:
        return conflict
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
    user_id = _user_id()
    if not user_id:
        return _unauthenticated()
    files = (await request.files).getlist("files")
    if not files:
        return plain_error("No files provided in 'files' field.", 400)
    if (conflict := await _conflict(batch_id, user_id)) is not None:
        return conflict
    # A part without a name is passed over, and counted all the same.
    taken = [(file.filename, file.read()) for file in files if file.filename]
    await database().run(lambda connection: _receive(connection, batch_id, user_id, taken))
    verb = "added to" if added else "received for"
    body: dict[str, object] = {
        "message": f"{len(files)} files {verb} batch {batch_id} and are being processed.",
        "batch_id": batch_id,
        "correlation_id": request_correlation_id(),
    }
    return jsonify(body | ({"added_files": len(files)} if added else {})), 202


def _receive(
    connection: sqlite3.Connection, batch_id: str, user_id: str, files: list[tuple[str, bytes]]
) -> None:
    for name, body in files:
        receive(connection, batch_id, user_id, name, body)


async def _lock_status(batch_id: str) -> dict[str, object]:
    unverified: dict[str, object] = {"locked": True, "reason": "Unable to verify batch state"}
    if switches()["bos"] == "down":
        return unverified
    batch = await _batch(batch_id)
    if batch is None:
        return unverified | {"status_code": 404}
    if batch.lock is None:
        return {
            "locked": False,
            "reason": "Batch is open for modifications",
            "current_state": "READY_FOR_MODIFICATIONS",
        }
    started = batch.lock.started_at
    return {
        "locked": True,
        "reason": batch.lock.reason,
        "locked_at": started and datetime.fromisoformat(started).replace(tzinfo=UTC).isoformat(),
        "current_phase": batch.lock.name,
        "phase_status": batch.lock.status,
    }


async def _conflict(batch_id: str, user_id: str) -> ResponseReturnValue | None:
    """The 409 for a batch that takes no files from this user, else None."""
    if switches()["bos"] == "down":
        service = "batch_orchestrator_service"
        message = f"{service} did not answer"
        return _refused("EXTERNAL_SERVICE_ERROR", message, external_service=service)
    batch = await _batch(batch_id)
    if batch is None:
        message = f"batch with ID '{batch_id}' not found"
        return _refused("RESOURCE_NOT_FOUND", message, resource_type="batch", resource_id=batch_id)
    if batch.owner_id != user_id:
        # The platform names the owner to every caller.
        details = {"batch_id": batch_id, "batch_owner": batch.owner_id, "requested_user": user_id}
        return _refused("AUTHORIZATION_ERROR", "You don't own this batch", **details)
    if batch.lock is None:
        return None
    message = f"Batch {batch_id} is locked: {batch.lock.reason}"
    phase = {"locked_by_phase": batch.lock.name, "phase_status": batch.lock.status}
    return _refused("PROCESSING_ERROR", message, batch_id=batch_id, **phase)


async def _batch(batch_id: str) -> OrchestratorBatch | None:
    query = "SELECT user_id FROM bos_batches WHERE batch_id = ?"
    owner = await database().fetch_one(query, batch_id)
    if owner is None:
        return None
    query = "SELECT name, status, started_at FROM phases WHERE batch_id = ?"
    phases = [
        LockingPhase(**row)
        for row in await database().fetch_all(query, batch_id)
        if row["status"] in _LOCKING_STATUSES
    ]
    phases.sort(key=lambda phase: _PHASE_ORDER.index(phase.name))
    return OrchestratorBatch(owner["user_id"], phases[0] if phases else None)


def _user_id() -> str:
    sent = request.headers.get("X-User-ID", "")
    encoded = request.headers.get("X-Identity-Encoding", "").lower() == "url"
    return unquote(sent) if encoded else sent


def _unauthenticated() -> ResponseReturnValue:
    return plain_error("User authentication required", 401)


def _refused(code: str, message: str, **details: str) -> ResponseReturnValue:
    return error_detail(
        code,
        message,
        status=409,
        service="file_service",
        operation="can_modify_batch_files",
        details=dict(details),
        correlation_id=request_correlation_id(),
    )


if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "FILE_SERVICE_HOST", "FILE_SERVICE_HTTP_PORT", 7001)
