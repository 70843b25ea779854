"""Registration of a batch, by the orchestrator and then by RAS."""

import json
import sqlite3
from typing import Any
from uuid import uuid4

from devstack.effects import world
from devstack.effects.queue import Effect, schedule
from devstack.emulators.database import insert_row
from devstack.events import add, moment
from devstack.events.batches import registered

LISTED_AFTER = 1.7


def register(connection: sqlite3.Connection, body: dict[str, Any], user_id: str) -> str:
    """Make another batch, whatever was made before; neither class nor prompt is looked up."""
    batch_id, reference = str(uuid4()), body.get("student_prompt_ref") or {}
    prompt = reference.get("references", {}).get("student_prompt_text", {}).get("storage_id")
    row = {
        "batch_id": batch_id,
        "user_id": user_id,
        "course_code": body["course_code"],
        "expected_essay_count": body["expected_essay_count"],
        "has_prompt": prompt is not None,
        "requested_pipelines": json.dumps(["spellcheck"]),
        "last_updated": world.now_text(),
    }
    context = {
        "batch_id": batch_id,
        "class_id": body.get("class_id"),
        "status": world.AWAITING_CONTENT,
    }
    insert_row(connection, "bos_batches", row)
    insert_row(connection, "bos_contexts", context)
    for name in world.PHASES:
        waits = name == "spellcheck"
        status = "pending_dependencies" if waits else "skipped_by_user_config"
        world.set_phase(connection, batch_id, name, status)
    essay_ids = [world.essay_id_at(batch_id, place) for place in range(row["expected_essay_count"])]
    add(connection, registered(row | context, essay_ids, prompt, moment(batch_id)))
    schedule(connection, Effect("listed", batch_id, {"prompt": prompt}), LISTED_AFTER)
    return batch_id


def list_batch(connection: sqlite3.Connection, effect: Effect) -> None:
    """RAS learns of the batch."""
    batch = world.batch_of(connection, effect.batch_id)
    if batch is not None:
        now = world.now_text()
        row = {
            "batch_id": effect.batch_id,
            "user_id": batch["user_id"],
            "status": world.AWAITING_CONTENT,
            "essay_count": batch["expected_essay_count"],
            "completed_essay_count": 0,
            "failed_essay_count": 0,
            "created_at": now,
            "last_updated": now,
            "prompt_storage_id": effect.payload["prompt"],
        }
        insert_row(connection, "batches", row)
