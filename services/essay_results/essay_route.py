"""Route of one essay, for RAS's blueprint of internal routes."""

import asyncio
import math
from typing import Any

from dishka import FromDishka
from quart import Blueprint, Response, jsonify
from quart_dishka import inject
from sqlalchemy import JSON, DateTime, Float, Integer, Select, String, column, select, table
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.server import make_nestable

QUERY_SECONDS = 2.0

_batches = table("batch_results", column("batch_id", String), column("user_id", String))
_essays = table(
    "essay_results",
    column("essay_id", String),
    column("batch_id", String),
    column("filename", String),
    column("file_upload_id", String),
    # An enum in PostgreSQL, of the stages' names.
    column("spellcheck_status", String),
    column("spellcheck_correction_count", Integer),
    column("spellcheck_corrected_text_storage_id", String),
    column("spellcheck_error_detail", JSON),
    column("cj_assessment_status", String),
    column("cj_rank", Integer),
    column("cj_score", Float),
    column("cj_assessment_error_detail", JSON),
    column("updated_at", DateTime),
)

_STAGES = ("spellcheck_status", "cj_assessment_status")
_ERRORS = ("spellcheck_error_detail", "cj_assessment_error_detail")

blueprint = Blueprint("essay_results", __name__)


async def read_essay(engine: AsyncEngine, batch_id: str, essay_id: str) -> RowMapping | None:
    """The row of an essay and its owner's id; None unless the essay belongs to the batch.

    Raises:
        TimeoutError: The database did not answer in time.
        SQLAlchemyError: The database reported an error.
    """
    async with asyncio.timeout(QUERY_SECONDS), engine.connect() as connection:
        rows = (await connection.execute(_select_essay(batch_id, essay_id))).mappings()
        row: RowMapping | None = rows.one_or_none()
        return row


def _select_essay(batch_id: str, essay_id: str) -> Select[Any]:
    return (
        select(*_essays.c, _batches.c.user_id)
        .join_from(_essays, _batches, _essays.c.batch_id == _batches.c.batch_id)
        .where(_essays.c.essay_id == essay_id, _essays.c.batch_id == batch_id)
    )


make_nestable(blueprint)


@blueprint.get("/batches/<batch_id>/essays/<essay_id>")
@inject
async def essay(
    batch_id: str, essay_id: str, engine: FromDishka[AsyncEngine]
) -> Response | tuple[Response, int]:
    """Results of one essay with its batch and the batch's owner."""
    # PostgreSQL stores no such character, so no row has it; a query with it is an error.
    known = "\0" not in batch_id + essay_id
    found = await read_essay(engine, batch_id, essay_id) if known else None
    if found is None:
        return jsonify({"error": "Essay not found"}), 404
    return jsonify(to_json(found))


def to_json(row: RowMapping) -> dict[str, Any]:
    """The row as an item of `essays` in RAS's other answers, and its `batch_id` and `user_id`.

    Stages are written in their values, numbers that JSON lacks as null, errors without stack trace.
    """
    body: dict[str, Any] = {str(name): value for name, value in row.items()}
    body["last_updated"] = body.pop("updated_at").isoformat()
    for name in _STAGES:
        body[name] = body[name] and body[name].lower()
    for name in _ERRORS:
        body[name] = body[name] and {k: v for k, v in body[name].items() if k != "stack_trace"}
    score = body["cj_score"]
    body["cj_score"] = score if score is not None and math.isfinite(score) else None
    return body
