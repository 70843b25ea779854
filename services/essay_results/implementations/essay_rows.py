"""One essay of a batch, with the owner of the batch."""

import asyncio
from typing import Any

from sqlalchemy import JSON, DateTime, Float, Integer, Select, String, column, select, table
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

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
