"""RAS's reads: rows of the seeded database as the bodies that RAS sends."""

import json
import math
import sqlite3
from typing import TypedDict

from devstack.seed.statuses import BatchStatus, client_word

Body = dict[str, object]
_ESSAY_COLUMNS = (
    "essay_id",
    "filename",
    "file_upload_id",
    "spellcheck_status",
    "spellcheck_correction_count",
    "spellcheck_corrected_text_storage_id",
    "spellcheck_error_detail",
    "cj_assessment_status",
    "cj_rank",
    "cj_score",
    "cj_assessment_error_detail",
    "last_updated",
)


class UserPage(TypedDict):
    batches: list[Body]
    pagination: dict[str, int]


class NegativePage(ValueError):
    """PostgreSQL refuses a negative LIMIT or OFFSET; SQLite would read it as none."""


def batch(connection: sqlite3.Connection, batch_id: str) -> Body | None:
    row = connection.execute("SELECT * FROM batches WHERE batch_id = ?", (batch_id,)).fetchone()
    return None if row is None else _batch_body(connection, row)


def known_to_bos(connection: sqlite3.Connection, batch_id: str) -> bool:
    query = "SELECT 1 FROM bos_batches WHERE batch_id = ?"
    return connection.execute(query, (batch_id,)).fetchone() is not None


def user_page(
    connection: sqlite3.Connection, user_id: str, limit: int, offset: int, status: str | None
) -> UserPage:
    """Newest first, no tie-breaker; `total` counts what the filter leaves.

    Raises:
        NegativePage: `limit` or `offset` is below zero.
        ValueError: `status` is no internal batch status.
        OverflowError: `limit` or `offset` is beyond 64 bits.
    """
    if limit < 0 or offset < 0:
        raise NegativePage
    wanted = None if status is None else str(BatchStatus(status))
    where = "user_id = ? AND (? IS NULL OR status = ?)"
    matching = (user_id, wanted, wanted)
    total = connection.execute(f"SELECT count(*) FROM batches WHERE {where}", matching)  # noqa: S608 — fixed text.
    rows = connection.execute(
        f"SELECT * FROM batches WHERE {where} ORDER BY created_at DESC LIMIT ? OFFSET ?",  # noqa: S608 — the same.
        (*matching, limit, offset),
    ).fetchall()
    return {
        "batches": [_batch_body(connection, row) for row in rows],
        "pagination": {"limit": limit, "offset": offset, "total": total.fetchone()[0]},
    }


def essay(connection: sqlite3.Connection, batch_id: str, essay_id: str) -> Body | None:
    row = connection.execute(
        "SELECT essays.*, batches.user_id FROM essays JOIN batches USING (batch_id)"
        " WHERE batch_id = ? AND essay_id = ? AND in_ras",
        (batch_id, essay_id),
    ).fetchone()
    if row is None:
        return None
    return {**_essay_body(row), "batch_id": row["batch_id"], "user_id": row["user_id"]}


def without_nan(value: object) -> object:
    """NaN as null, which is how the single-batch route writes it."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _batch_body(connection: sqlite3.Connection, row: sqlite3.Row) -> Body:
    # Ids are random, so this order means nothing: RAS promises none.
    essays = connection.execute(
        "SELECT * FROM essays WHERE batch_id = ? AND in_ras ORDER BY essay_id", (row["batch_id"],)
    )
    return {
        "batch_id": row["batch_id"],
        "user_id": row["user_id"],
        "assignment_id": row["assignment_id"],
        "overall_status": client_word(BatchStatus(row["status"])),
        "essay_count": row["essay_count"],
        "completed_essay_count": row["completed_essay_count"],
        "failed_essay_count": row["failed_essay_count"],
        "requested_pipeline": row["requested_pipeline"],
        "current_phase": row["current_phase"],
        "essays": [_essay_body(one) for one in essays],
        "created_at": row["created_at"],
        "last_updated": row["last_updated"],
        "processing_started_at": row["processing_started_at"],
        "processing_completed_at": row["processing_completed_at"],
        "student_prompt_ref": _prompt(row["prompt_storage_id"]),
    }


def _essay_body(row: sqlite3.Row) -> Body:
    body: Body = {column: row[column] for column in _ESSAY_COLUMNS}
    for column in ("spellcheck_error_detail", "cj_assessment_error_detail"):
        body[column] = json.loads(row[column]) if row[column] else None
    body["cj_score"] = None if row["cj_score"] is None else float(row["cj_score"])
    return body


def _prompt(storage_id: str | None) -> Body | None:
    if storage_id is None:
        return None
    return {"references": {"student_prompt_text": {"storage_id": storage_id, "path": ""}}}
