"""Reads and writes of the shared database that several effects need."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

AWAITING_CONTENT = "awaiting_content_validation"
AWAITING_STUDENTS = "awaiting_student_validation"
READY = "ready_for_pipeline_execution"
PHASES = ("spellcheck", "nlp", "ai_feedback", "cj_assessment")

Row = dict[str, Any]


def now_text() -> str:
    """The present as the platform's columns hold it: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat()


def one(connection: sqlite3.Connection, query: str, *parameters: object) -> Row | None:
    row = connection.execute(query, parameters).fetchone()
    return dict(row) if row else None


def every(connection: sqlite3.Connection, query: str, *parameters: object) -> list[Row]:
    return [dict(row) for row in connection.execute(query, parameters).fetchall()]


def batch_of(connection: sqlite3.Connection, batch_id: str) -> Row | None:
    """The orchestrator's batch with its `class_id` and `status`; seeded ones have no context."""
    found = one(connection, "SELECT * FROM bos_batches WHERE batch_id = ?", batch_id)
    if found is None:
        return None
    context = one(connection, "SELECT * FROM bos_contexts WHERE batch_id = ?", batch_id)
    return {"class_id": None, "status": READY} | found | (context or {})


def essay_id_at(batch_id: str, place: int) -> str:
    """The orchestrator makes the ids of all essays with the batch; `place` counts from 0."""
    return str(uuid5(NAMESPACE_URL, f"essay/{batch_id}/{place}"))


def texts_of(essays: Iterable[Row], *, corrected: bool = False) -> list[Row]:
    """The essays as events refer to them."""
    column = "spellcheck_corrected_text_storage_id" if corrected else "original_text_storage_id"
    return [{"essay_id": one["essay_id"], "text_storage_id": one[column]} for one in essays]


def set_status(connection: sqlite3.Connection, batch_id: str, status: str) -> None:
    change = "UPDATE bos_contexts SET status = ? WHERE batch_id = ?"
    connection.execute(change, (status, batch_id))


def phases_of(connection: sqlite3.Connection, batch_id: str) -> dict[str, str]:
    """The status of each phase."""
    rows = every(connection, "SELECT name, status FROM phases WHERE batch_id = ?", batch_id)
    return {row["name"]: row["status"] for row in rows}


def set_phase(
    connection: sqlite3.Connection,
    batch_id: str,
    name: str,
    status: str,
    *,
    started_at: str | None = None,
    completed_at: str | None = None,
) -> None:
    row = (batch_id, name, status, started_at, completed_at)
    connection.execute("REPLACE INTO phases VALUES (?, ?, ?, ?, ?)", row)
    changed = "UPDATE bos_batches SET last_updated = ? WHERE batch_id = ?"
    connection.execute(changed, (now_text(), batch_id))


def set_requested(connection: sqlite3.Connection, batch_id: str, phases: Iterable[str]) -> None:
    change = "UPDATE bos_batches SET requested_pipelines = ? WHERE batch_id = ?"
    connection.execute(change, (json.dumps(list(phases)), batch_id))


def store_text(connection: sqlite3.Connection, body: bytes) -> str:
    """Store bytes in the content service; their id."""
    storage_id = uuid4().hex
    row = (storage_id, "application/octet-stream", body)
    connection.execute("INSERT INTO texts VALUES (?, ?, ?)", row)
    return storage_id


def text_of(connection: sqlite3.Connection, storage_id: str) -> bytes:
    found = one(connection, "SELECT body FROM texts WHERE storage_id = ?", storage_id)
    return bytes(found["body"]) if found else b""


def essays_of(connection: sqlite3.Connection, batch_id: str) -> list[Row]:
    query = "SELECT * FROM essays WHERE batch_id = ? ORDER BY essay_id"
    return every(connection, query, batch_id)


def update_batch(connection: sqlite3.Connection, batch_id: str, **changes: object) -> None:
    """Change RAS's row of the batch, with the time of the change."""
    changes["last_updated"] = now_text()
    names = ", ".join(f"{name} = ?" for name in changes)
    statement = f"UPDATE batches SET {names} WHERE batch_id = ?"  # noqa: S608 - names of columns
    connection.execute(statement, (*changes.values(), batch_id))


def update_essay(connection: sqlite3.Connection, essay_id: str, **changes: object) -> None:
    changes["last_updated"] = now_text()
    names = ", ".join(f"{name} = ?" for name in changes)
    statement = f"UPDATE essays SET {names} WHERE essay_id = ?"  # noqa: S608 - names of columns
    connection.execute(statement, (*changes.values(), essay_id))
