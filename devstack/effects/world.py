"""Reads and writes of the shared database that several effects need."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid4, uuid5

from devstack.emulators.database import Row, fetch_all, fetch_one
from devstack.notifications import Announcer

AWAITING_CONTENT = "awaiting_content_validation"
AWAITING_STUDENTS = "awaiting_student_validation"
READY = "ready_for_pipeline_execution"
PHASES = ("spellcheck", "nlp", "ai_feedback", "cj_assessment")


def now_text() -> str:
    """The present as the platform's columns hold it: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat()


def batch_of(connection: sqlite3.Connection, batch_id: str) -> Row | None:
    """The orchestrator's batch with its `class_id` and `status`; seeded ones have no context."""
    found = fetch_one(connection, "SELECT * FROM bos_batches WHERE batch_id = ?", batch_id)
    if found is None:
        return None
    context = fetch_one(connection, "SELECT * FROM bos_contexts WHERE batch_id = ?", batch_id)
    return {"class_id": None, "status": READY} | found | (context or {})


def essay_id_at(batch_id: str, place: int) -> str:
    """The orchestrator makes the ids of all essays with the batch; `place` counts from 0."""
    return str(uuid5(NAMESPACE_URL, f"essay/{batch_id}/{place}"))


def texts_of(essays: Iterable[Row], *, corrected: bool = False) -> list[Row]:
    """The essays as events refer to them."""
    column = "spellcheck_corrected_text_storage_id" if corrected else "original_text_storage_id"
    return [{"essay_id": one["essay_id"], "text_storage_id": one[column]} for one in essays]


def phases_of(connection: sqlite3.Connection, batch_id: str) -> dict[str, str]:
    """The status of each phase."""
    rows = fetch_all(connection, "SELECT name, status FROM phases WHERE batch_id = ?", batch_id)
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
    update_orchestrated(connection, batch_id, last_updated=now_text())


def store_text(connection: sqlite3.Connection, body: bytes) -> str:
    """Store bytes in the content service; their id."""
    storage_id = uuid4().hex
    row = (storage_id, "application/octet-stream", body)
    connection.execute("INSERT INTO texts VALUES (?, ?, ?)", row)
    return storage_id


def text_of(connection: sqlite3.Connection, storage_id: str) -> bytes:
    found = fetch_one(connection, "SELECT body FROM texts WHERE storage_id = ?", storage_id)
    return bytes(found["body"]) if found else b""


def essays_of(connection: sqlite3.Connection, batch_id: str) -> list[Row]:
    query = "SELECT * FROM essays WHERE batch_id = ? ORDER BY essay_id"
    return fetch_all(connection, query, batch_id)


def update_batch(connection: sqlite3.Connection, batch_id: str, **changes: object) -> None:
    """Change RAS's row of the batch, with the time of the change."""
    update_row(connection, "batches", "batch_id", batch_id, changes | {"last_updated": now_text()})


def update_essay(connection: sqlite3.Connection, essay_id: str, **changes: object) -> None:
    update_row(connection, "essays", "essay_id", essay_id, changes | {"last_updated": now_text()})


def update_orchestrated(connection: sqlite3.Connection, batch_id: str, **changes: object) -> None:
    """Change the orchestrator's row of the batch."""
    update_row(connection, "bos_batches", "batch_id", batch_id, changes)


def set_status(connection: sqlite3.Connection, batch_id: str, status: str) -> None:
    update_row(connection, "bos_contexts", "batch_id", batch_id, {"status": status})


def update_row(
    connection: sqlite3.Connection, table: str, key: str, identifier: str, changes: Row
) -> None:
    names = ", ".join(f"{name} = ?" for name in changes)
    statement = f"UPDATE {table} SET {names} WHERE {key} = ?"  # noqa: S608 - fixed names
    connection.execute(statement, (*changes.values(), identifier))


def announcer_of(batch: Row, correlation_id: str | None = None) -> Announcer:
    """The notifications to the owner of a batch; `batch` has its `batch_id` and `user_id`.

    Those of a pipeline have the correlation id of its start; the others are of a request of their own.
    """
    return Announcer(batch["batch_id"], batch["user_id"], correlation_id=correlation_id)
