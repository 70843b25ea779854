"""RAS's internal routes: cache first, then the database, then what BOS would have said."""

import json
import sqlite3
from functools import partial

from quart import Blueprint, Response, abort, request
from quart.typing import ResponseReturnValue

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.internal_access import refusal
from devstack.emulators.ras.cache import AnswerCache, batch_key, list_key
from devstack.emulators.ras.results import batch, essay, known_to_bos, user_page, without_nan
from devstack.emulators.ras.settings import RasSettings
from devstack.emulators.replies import internal_error, plain

_JSON = "application/json"


class ResultRoutes:
    def __init__(
        self, settings: RasSettings, database: Database, cache: AnswerCache, switches: Switches
    ) -> None:
        self._settings = settings
        self._database = database
        self._cache = cache
        self._switches = switches

    def blueprint(self) -> Blueprint:
        routes = Blueprint("results", __name__, url_prefix="/internal/v1")
        routes.before_request(self.authenticate)
        routes.add_url_rule("/batches/<batch_id>/status", "one_batch", self.one_batch)
        routes.add_url_rule("/batches/user/<user_id>", "user_batches", self.user_batches)
        routes.add_url_rule("/batches/<batch_id>/essays/<essay_id>", "one_essay", self.one_essay)
        for failure in (sqlite3.Error, ValueError, OverflowError):
            routes.register_error_handler(failure, _failed)
        return routes

    async def authenticate(self) -> ResponseReturnValue | None:
        if request.endpoint == "results.one_essay" and self._switches["essay_endpoint"] == "off":
            abort(404)
        key, allowed = self._settings.internal_api_key, self._settings.allowed_service_ids
        reason = refusal(request.headers, key, allowed)
        return plain(reason, 401) if reason else None

    async def one_batch(self, batch_id: str) -> ResponseReturnValue:
        key = batch_key(batch_id)
        if (cached := await self._cache.get(key)) is not None:
            return Response(cached, content_type=_JSON)
        found = await self._database.run(partial(batch, batch_id=batch_id))
        if found is None:
            return await self._unknown(batch_id)
        answer = _compact(found)
        await self._cache.put(key, answer)
        return Response(answer, content_type=_JSON)

    async def user_batches(self, user_id: str) -> ResponseReturnValue:
        limit = request.args.get("limit", 20, type=int)
        offset = request.args.get("offset", 0, type=int)
        status = request.args.get("status") or None
        key = list_key(user_id, limit, offset, status)
        if (cached := await self._cache.get(key)) is not None:
            return Response(cached, content_type=_JSON)
        read = partial(user_page, user_id=user_id, limit=limit, offset=offset, status=status)
        # The standard encoder writes a bare NaN, as RAS does here and only here.
        answer = json.dumps(await self._database.run(read)).encode()
        await self._cache.put(key, answer)
        return Response(answer, content_type=_JSON)

    async def one_essay(self, batch_id: str, essay_id: str) -> ResponseReturnValue:
        read = partial(essay, batch_id=batch_id, essay_id=essay_id)
        found = await self._database.run(read)
        if found is None:
            return plain("Essay not found", 404)
        return Response(_compact(found), content_type=_JSON)

    async def _unknown(self, batch_id: str) -> ResponseReturnValue:
        """RAS asks BOS about a batch it lacks, and cannot read the answer when there is one."""
        if self._switches["bos"] == "down":
            return internal_error()
        known = await self._database.run(partial(known_to_bos, batch_id=batch_id))
        return plain("Invalid batch ID", 400) if known else plain("Batch not found", 404)


async def _failed(_error: Exception) -> ResponseReturnValue:
    return internal_error()


def _compact(body: dict[str, object]) -> bytes:
    return json.dumps(without_nan(body), ensure_ascii=False, separators=(",", ":")).encode()
