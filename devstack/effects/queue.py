"""The effects that are still to come, in the database that all emulators share."""

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# Data that an older version has seeded lacks these tables.
_EFFECTS = (
    "CREATE TABLE IF NOT EXISTS effects ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, kind TEXT NOT NULL,"
    " batch_id TEXT NOT NULL, payload TEXT NOT NULL)"
)
_CONTEXTS = (
    "CREATE TABLE IF NOT EXISTS bos_contexts ("
    " batch_id TEXT PRIMARY KEY, class_id TEXT, status TEXT NOT NULL)"
)
SPEED_VARIABLE = "DEVSTACK_EFFECTS_SPEED"
"""The factor by which effects follow faster than on the platform."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One step of one service; `payload` is that of the event which causes it."""

    kind: str
    batch_id: str
    payload: dict[str, Any] = field(default_factory=dict)


def make_tables(connection: sqlite3.Connection) -> None:
    connection.execute(_EFFECTS)
    connection.execute(_CONTEXTS)


def schedule(connection: sqlite3.Connection, effect: Effect, seconds: float) -> None:
    """Let the effect happen so many seconds, at the platform's speed, from now."""
    make_tables(connection)
    speed = float(os.environ.get(SPEED_VARIABLE) or 1)
    row = (time.time() + seconds / speed, effect.kind, effect.batch_id, json.dumps(effect.payload))
    insert = "INSERT INTO effects (due_at, kind, batch_id, payload) VALUES (?, ?, ?, ?)"
    connection.execute(insert, row)


def take_due(connection: sqlite3.Connection, limit: int = 20) -> Sequence[Effect]:
    """Remove the effects that are due, the earliest first."""
    make_tables(connection)
    query = "SELECT * FROM effects WHERE due_at <= ? ORDER BY due_at, id LIMIT ?"
    rows = connection.execute(query, (time.time(), limit)).fetchall()
    connection.executemany("DELETE FROM effects WHERE id = ?", [(row["id"],) for row in rows])
    return [Effect(row["kind"], row["batch_id"], json.loads(row["payload"])) for row in rows]
