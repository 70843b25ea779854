"""Route of the review state of several batches, for CMS's blueprint of internal routes."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dishka import FromDishka
from quart import Blueprint, Response, jsonify, request
from quart_dishka import inject
from sqlalchemy import DateTime, Select, String, Uuid, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.server import make_nestable

QUERY_SECONDS = 2.0
AUTO_CONFIRM_AFTER = timedelta(hours=24)
"""CMS's monitor confirms a pending row at its first look after this time; it looks once an hour."""

_associations = table(
    "essay_student_associations",
    column("batch_id", Uuid),
    column("validation_status", String),
    column("created_at", DateTime),
)

MAX_BATCHES = 200

blueprint = Blueprint("class_validation", __name__)


@dataclass(frozen=True, slots=True)
class ReviewState:
    """Associations of one batch; `oldest_pending` is in UTC without an offset, as CMS stores it."""

    batch_id: UUID
    total: int
    pending: int
    confirmed: int
    oldest_pending: datetime | None

    @property
    def auto_confirm_deadline(self) -> datetime | None:
        """The earliest moment at which the monitor decides; None when nothing is pending."""
        return self.oldest_pending + AUTO_CONFIRM_AFTER if self.oldest_pending else None


async def read_review_states(
    engine: AsyncEngine, batch_ids: Collection[UUID]
) -> Mapping[UUID, ReviewState]:
    """The states by batch; a batch without associations is absent.

    Raises:
        TimeoutError: The database did not answer in time.
        SQLAlchemyError: The database reported an error.
    """
    async with asyncio.timeout(QUERY_SECONDS), engine.connect() as connection:
        rows = (await connection.execute(_select_states(batch_ids))).all()
    return {row.batch_id: ReviewState(*row) for row in rows}


def _select_states(batch_ids: Collection[UUID]) -> Select[Any]:
    rows = _associations.c
    pending = rows.validation_status == "pending_validation"
    confirmed = rows.validation_status == "confirmed"
    return (
        select(
            rows.batch_id,
            func.count(),
            func.count().filter(pending),
            func.count().filter(confirmed),
            func.min(rows.created_at).filter(pending),
        )
        .where(rows.batch_id.in_(batch_ids))
        .group_by(rows.batch_id)
    )


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
