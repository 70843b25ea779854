"""Route of the review state of several batches, for CMS's blueprint of internal routes."""

from collections.abc import Sequence
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response, jsonify, request
from quart_dishka import inject
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.server import make_nestable
from services.class_validation.implementations.review_states import (
    ReviewState,
    read_review_states,
)

MAX_BATCHES = 200

blueprint = Blueprint("class_validation", __name__)
make_nestable(blueprint)


@blueprint.get("/batches/validation-status")
@inject
async def validation_status(engine: FromDishka[AsyncEngine]) -> Response | tuple[Response, int]:
    """Review state by batch id; null for a batch without associations."""
    try:
        batch_ids = parse_batch_ids(request.args.get("batch_ids", ""))
    except ValueError:
        return jsonify({"error": "Invalid UUID format"}), 400
    if len(batch_ids) > MAX_BATCHES:
        return jsonify({"error": f"At most {MAX_BATCHES} batch ids"}), 400
    states = await read_review_states(engine, batch_ids) if batch_ids else {}
    return jsonify({str(one): to_json(states.get(one)) for one in batch_ids})


def parse_batch_ids(text: str) -> Sequence[UUID]:
    """The ids of a list with commas, each once; blanks are passed over, as class-info does.

    Raises:
        ValueError: One of them is no UUID.
    """
    return list(dict.fromkeys(UUID(one.strip()) for one in text.split(",") if one.strip()))


def to_json(state: ReviewState | None) -> dict[str, str | int | None] | None:
    """The state in the platform's words; times are in UTC without an offset, as all of CMS's."""
    if state is None:
        return None
    deadline = state.auto_confirm_deadline
    return {
        "batch_id": str(state.batch_id),
        "deviation_count": state.pending,
        "auto_confirm_deadline": deadline.isoformat() if deadline else None,
        "total_associations": state.total,
        "confirmed_associations": state.confirmed,
    }
