"""Route of one essay, for RAS's blueprint of internal routes."""

import math
from typing import Any

from dishka import FromDishka
from quart import Blueprint, Response, jsonify
from quart_dishka import inject
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.server import make_nestable
from services.essay_results.implementations.essay_rows import read_essay

_STAGES = ("spellcheck_status", "cj_assessment_status")
_ERRORS = ("spellcheck_error_detail", "cj_assessment_error_detail")

blueprint = Blueprint("essay_results", __name__)
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
