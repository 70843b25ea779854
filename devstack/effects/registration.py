"""Registration of a batch, by the orchestrator and then by RAS."""

import json
import sqlite3
from typing import Any
from uuid import uuid4

from devstack.effects.messages import Message
from devstack.effects.queue import Effect, make_tables, schedule
from devstack.effects.world import (
    AWAITING_CONTENT,
    PHASES,
    batch_of,
    essay_id_at,
    now_text,
    set_phase,
)
from devstack.events import add, moment
from devstack.events.batches import registered

LISTED_AFTER = 1.7


def register(connection: sqlite3.Connection, body: dict[str, Any], user_id: str) -> str:
    """Make another batch, whatever was made before; neither class nor prompt is looked up."""
    make_tables(connection)
    batch_id, reference = str(uuid4()), body.get("student_prompt_ref") or {}
    prompt = reference.get("references", {}).get("student_prompt_text", {}).get("storage_id")
    row = (
        batch_id,
        user_id,
        body["course_code"],
        body["expected_essay_count"],
        prompt is not None,
        json.dumps(["spellcheck"]),
        now_text(),
    )
    connection.execute("INSERT INTO bos_batches VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    context = (batch_id, body.get("class_id"), AWAITING_CONTENT)
    connection.execute("INSERT INTO bos_contexts VALUES (?, ?, ?)", context)
    for name in PHASES:
        waits = name == "spellcheck"
        status = "pending_dependencies" if waits else "skipped_by_user_config"
        set_phase(connection, batch_id, name, status)
    _announce(connection, batch_id, prompt)
    schedule(connection, Effect("listed", batch_id, {"prompt": prompt}), LISTED_AFTER)
    return batch_id


def _announce(connection: sqlite3.Connection, batch_id: str, prompt: str | None) -> None:
    batch = batch_of(connection, batch_id)
    if batch is not None:
        places = range(batch["expected_essay_count"])
        essay_ids = [essay_id_at(batch_id, place) for place in places]
        add(connection, registered(batch, essay_ids, prompt, moment(batch_id)))


def list_batch(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """RAS learns of the batch."""
    batch = batch_of(connection, effect.batch_id)
    if batch is not None:
        now = now_text()
        row = (
            effect.batch_id,
            batch["user_id"],
            None,
            AWAITING_CONTENT,
            batch["expected_essay_count"],
            0,
            0,
            now,
            now,
            None,
            None,
            effect.payload["prompt"],
        )
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO batches VALUES ({marks})", row)  # noqa: S608 - marks only
    return []
