"""The effects that are still to come, in the database that all emulators share."""

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SPEED_VARIABLE = "DEVSTACK_EFFECTS_SPEED"
"""The factor by which effects follow faster than on the platform."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One step of one service; `payload` is that of the event which causes it."""

    kind: str
    batch_id: str
    payload: dict[str, Any] = field(default_factory=dict)


def schedule(connection: sqlite3.Connection, effect: Effect, seconds: float) -> None:
    """Let the effect happen so many seconds, at the platform's speed, from now."""
    speed = float(os.environ.get(SPEED_VARIABLE) or 1)
    row = (time.time() + seconds / speed, effect.kind, effect.batch_id, json.dumps(effect.payload))
    insert = "INSERT INTO effects (due_at, kind, batch_id, payload) VALUES (?, ?, ?, ?)"
    connection.execute(insert, row)


def take_due(connection: sqlite3.Connection, limit: int = 20) -> Sequence[Effect]:
    """Remove the effects that are due, the earliest first."""
    query = "SELECT * FROM effects WHERE due_at <= ? ORDER BY due_at, id LIMIT ?"
    rows = connection.execute(query, (time.time(), limit)).fetchall()
    connection.executemany("DELETE FROM effects WHERE id = ?", [(row["id"],) for row in rows])
    return [Effect(row["kind"], row["batch_id"], json.loads(row["payload"])) for row in rows]
