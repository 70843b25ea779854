"""The file service's routes: 409 stands for every reason not to take a file."""

import sqlite3
from functools import partial
from urllib.parse import unquote
from uuid import uuid4

from quart import Blueprint, jsonify, request
from quart.datastructures import FileStorage
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.files.locks import KnownBatch, known_batch
from devstack.emulators.files.refusals import not_modifiable, orchestrator_down
from devstack.emulators.replies import correlation_id, internal_error, plain

Upload = tuple[str, str, str, str, int]


class FileRoutes:
    def __init__(self, database: Database, switches: Switches) -> None:
        self._database = database
        self._switches = switches

    def blueprint(self) -> Blueprint:
        routes = Blueprint("files", __name__, url_prefix="/v1/files/batch")
        routes.add_url_rule("", "upload", self.upload, methods=["POST"])
        routes.add_url_rule("/<batch_id>/files", "add", self.add, methods=["POST"])
        routes.add_url_rule("/<batch_id>/state", "state", self.state)
        one_file = "/<batch_id>/files/<file_upload_id>"
        routes.add_url_rule(one_file, "remove", self.remove, methods=["DELETE"])
        for failure in (sqlite3.Error, RequestEntityTooLarge):
            routes.register_error_handler(failure, _failed)
        return routes

    async def upload(self) -> ResponseReturnValue:
        batch_id = (await request.form).get("batch_id", "")
        if not batch_id:
            return plain("batch_id is required in form data.", 400)
        return await self._accept(batch_id, added=False)

    async def add(self, batch_id: str) -> ResponseReturnValue:
        return await self._accept(batch_id, added=True)

    async def state(self, batch_id: str) -> ResponseReturnValue:
        """Of any batch, to anybody: an unknown one is a 200 too."""
        if not _user_id():
            return _unauthenticated()
        return jsonify({"batch_id": batch_id, "lock_status": await self._lock_status(batch_id)})

    async def remove(self, batch_id: str, file_upload_id: str) -> ResponseReturnValue:
        # This route takes the user id as it is, encoded or not.
        user_id = request.headers.get("X-User-ID", "")
        if not user_id:
            return _unauthenticated()
        if (refused := await self._refusal(batch_id, user_id)) is not None:
            return refused
        correlation = correlation_id()
        message = f"File removal request processed for file {file_upload_id} in batch {batch_id}"
        return jsonify(
            {
                "message": message,
                "batch_id": batch_id,
                "file_upload_id": file_upload_id,
                "correlation_id": correlation,
            }
        )

    async def _accept(self, batch_id: str, *, added: bool) -> ResponseReturnValue:
        user_id = _user_id()
        if not user_id:
            return _unauthenticated()
        files = (await request.files).getlist("files")
        if not files:
            return plain("No files provided in 'files' field.", 400)
        if (refused := await self._refusal(batch_id, user_id)) is not None:
            return refused
        uploads = [_upload(one, batch_id, user_id) for one in files]
        await self._database.run(partial(_store, uploads))
        verb = "added to" if added else "received for"
        body: dict[str, object] = {
            "message": f"{len(files)} files {verb} batch {batch_id} and are being processed.",
            "batch_id": batch_id,
            "correlation_id": correlation_id(),
        }
        return jsonify(body | ({"added_files": len(files)} if added else {})), 202

    async def _lock_status(self, batch_id: str) -> dict[str, object]:
        unverified: dict[str, object] = {"locked": True, "reason": "Unable to verify batch state"}
        if self._switches["bos"] == "down":
            return unverified
        known = await self._known(batch_id)
        return unverified | {"status_code": 404} if known is None else known.status()

    async def _refusal(self, batch_id: str, user_id: str) -> ResponseReturnValue | None:
        if self._switches["bos"] == "down":
            return orchestrator_down()
        return not_modifiable(batch_id, user_id, await self._known(batch_id))

    async def _known(self, batch_id: str) -> KnownBatch | None:
        return await self._database.run(partial(known_batch, batch_id))


def _user_id() -> str:
    sent = request.headers.get("X-User-ID", "")
    encoded = request.headers.get("X-Identity-Encoding", "").lower() == "url"
    return unquote(sent) if encoded else sent


def _unauthenticated() -> ResponseReturnValue:
    return plain("User authentication required", 401)


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _upload(file: FileStorage, batch_id: str, user_id: str) -> Upload:
    """Whether the content is any good is judged later, and never told here."""
    return str(uuid4()), batch_id, user_id, file.filename or "", len(file.read())


def _store(uploads: list[Upload], connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO file_uploads VALUES (?, ?, ?, ?, ?)", uploads)
