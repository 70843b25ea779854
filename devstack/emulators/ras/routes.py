"""RAS's internal routes: cache first, then the database, then BOS for an unknown batch."""

import json
import math
import sqlite3
from collections.abc import Collection
from functools import partial

from quart import Blueprint, Response, abort, request
from quart.typing import ResponseReturnValue

from devstack.emulators.control import switches
from devstack.emulators.database import Row, database, fetch_all
from devstack.emulators.ras.cache import StatusCache, batch_key, list_key
from devstack.emulators.responses import PlainError, answer_500_for, require_internal_key
from devstack.seed.model import BatchStatus, client_status

_BATCH_COLUMNS = (
    "batch_id, user_id, assignment_id, status AS overall_status, essay_count,"
    " completed_essay_count, failed_essay_count, NULL AS requested_pipeline, NULL AS current_phase, created_at,"
    " last_updated, processing_started_at, processing_completed_at, prompt_storage_id"
)
_ESSAY_COLUMNS = (
    "essay_id, filename, file_upload_id, spellcheck_status, spellcheck_correction_count,"
    " spellcheck_corrected_text_storage_id, spellcheck_error_detail, cj_assessment_status,"
    " cj_rank, cj_score, cj_assessment_error_detail, last_updated"
)


def create_routes(cache: StatusCache, key: str, allowed: Collection[str]) -> Blueprint:
    """`allowed` are the service ids that may call with the key."""
    routes = Blueprint("results", __name__, url_prefix="/internal/v1")
    answer_500_for(routes, sqlite3.Error, ValueError)
    routes.add_url_rule("/batches/<batch_id>/status", "batch", partial(read_batch, cache))
    routes.add_url_rule("/batches/user/<user_id>", "list", partial(list_batches, cache))
    routes.add_url_rule("/batches/<batch_id>/essays/<essay_id>", "essay", read_essay)

    @routes.before_request
    async def authenticate() -> None:
        if request.endpoint == "results.essay" and switches()["essay_endpoint"] == "off":
            abort(404)
        require_internal_key(key, allowed)

    return routes


async def read_batch(cache: StatusCache, batch_id: str) -> ResponseReturnValue:
    key = batch_key(batch_id)
    if (cached := await cache.get(key)) is not None:
        return Response(cached, content_type="application/json")
    query = f"SELECT {_BATCH_COLUMNS} FROM batches WHERE batch_id = ?"  # noqa: S608 - fixed columns
    found = await database().run(lambda connection: _batches(connection, query, batch_id))
    if found:
        answer = _compact(found[0])
        await cache.put(key, answer)
        return Response(answer, content_type="application/json")
    # RAS asks BOS about a batch that it lacks, and cannot read the answer for a known one.
    if switches()["bos"] == "down":
        raise PlainError("Internal server error", 500)
    query = "SELECT 1 FROM bos_batches WHERE batch_id = ?"
    if await database().fetch_one(query, batch_id) is None:
        raise PlainError("Batch not found", 404)
    raise PlainError("Invalid batch ID")


async def list_batches(cache: StatusCache, user_id: str) -> ResponseReturnValue:
    limit = request.args.get("limit", 20, type=int)
    offset = request.args.get("offset", 0, type=int)
    status = request.args.get("status") or None
    key = list_key(user_id, limit, offset, status)
    answer = await cache.get(key)
    if answer is None:
        page = await database().run(
            lambda connection: _page(connection, user_id, limit, offset, status)
        )
        # Python's encoder writes a bare NaN, as RAS does in lists only.
        answer = json.dumps(page).encode()
        await cache.put(key, answer)
    return Response(answer, content_type="application/json")


async def read_essay(batch_id: str, essay_id: str) -> ResponseReturnValue:
    found = await database().fetch_one(
        f"SELECT batch_id, {_ESSAY_COLUMNS} FROM essays"  # noqa: S608 - fixed columns
        " WHERE batch_id = ? AND essay_id = ? AND in_ras",
        batch_id,
        essay_id,
    )
    if found is None:
        raise PlainError("Essay not found", 404)
    query = "SELECT user_id FROM batches WHERE batch_id = ?"
    owner = await database().fetch_one(query, batch_id) or {}
    return Response(_compact({**_essay(found), **owner}), content_type="application/json")


def _page(
    connection: sqlite3.Connection, user_id: str, limit: int, offset: int, status: str | None
) -> Row:
    """Newest first without a tie-breaker; `total` counts the batches that the filter leaves.

    Raises:
        ValueError: A number is negative, which PostgreSQL refuses, or the status is unknown.
        sqlite3.DataError: PostgreSQL takes no such user id or number.
    """
    if limit < 0 or offset < 0:
        raise ValueError("a negative limit or offset")
    internal = None if status is None else str(BatchStatus(status))
    where = "user_id = ? AND (? IS NULL OR status = ?)"
    matching = (user_id, internal, internal)
    query = f"SELECT count(*) AS total FROM batches WHERE {where}"  # noqa: S608 - a fixed condition
    total = fetch_all(connection, query, *matching)[0]["total"]
    query = (
        f"SELECT {_BATCH_COLUMNS} FROM batches WHERE {where}"  # noqa: S608 - fixed parts
        " ORDER BY created_at DESC LIMIT ? OFFSET ?"
    )
    batches = _batches(connection, query, *matching, limit, offset)
    pagination = {"limit": limit, "offset": offset, "total": total}
    return {"batches": batches, "pagination": pagination}


def _batches(connection: sqlite3.Connection, query: str, *parameters: object) -> list[Row]:
    """The batches of a query with their essays; RAS promises no order: random ids give none."""
    essays = (
        f"SELECT {_ESSAY_COLUMNS} FROM essays"  # noqa: S608 - fixed columns
        " WHERE batch_id = ? AND in_ras ORDER BY essay_id"
    )
    batches = []
    for row in fetch_all(connection, query, *parameters):
        prompt = row.pop("prompt_storage_id")
        reference = {"student_prompt_text": {"storage_id": prompt, "path": ""}}
        row["overall_status"] = client_status(BatchStatus(row["overall_status"]))
        row["essays"] = [_essay(one) for one in fetch_all(connection, essays, row["batch_id"])]
        row["student_prompt_ref"] = {"references": reference} if prompt else None
        batches.append(row)
    return batches


def _essay(row: Row) -> Row:
    for column in ("spellcheck_error_detail", "cj_assessment_error_detail"):
        row[column] = json.loads(row[column]) if row[column] else None
    # The store writes NaN as a word.
    row["cj_score"] = None if row["cj_score"] is None else float(row["cj_score"])
    return row


def _compact(body: Row) -> bytes:
    """The JSON of the single-batch routes: NaN becomes null."""
    for one in body.get("essays", [body]):
        if one["cj_score"] is not None and math.isnan(one["cj_score"]):
            one["cj_score"] = None
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
