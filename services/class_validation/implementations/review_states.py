"""Counts of the associations of batches by their review state."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Select, String, Uuid, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

QUERY_SECONDS = 2.0
AUTO_CONFIRM_AFTER = timedelta(hours=24)
"""CMS's monitor confirms a pending row at its first look after this time; it looks once an hour."""

_associations = table(
    "essay_student_associations",
    column("batch_id", Uuid),
    column("validation_status", String),
    column("created_at", DateTime),
)


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
