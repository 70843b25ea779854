"""The matching of a class's batch: suggestions first, CMS's rows after them, then a release."""

import sqlite3

from devstack.effects.queue import Effect, schedule
from devstack.effects.world import (
    AWAITING_STUDENTS,
    READY,
    batch_of,
    essays_of,
    now_text,
    set_status,
    text_of,
    texts_of,
)
from devstack.emulators.database import Row, fetch_all, fetch_one
from devstack.events import add, moment
from devstack.events.batches import essays_ready, match_result, matches_suggested

ROWS_AFTER = 0.5
CONFIDENCE = 0.95


def match(connection: sqlite3.Connection, effect: Effect) -> None:
    """NLP suggests the pupils whose names the texts or file names hold; CMS has no row yet."""
    batch = batch_of(connection, effect.batch_id)
    if batch is None or not batch["class_id"]:
        return
    query = (
        "SELECT students.* FROM students JOIN class_members USING (student_id) WHERE class_id = ?"
    )
    pupils = fetch_all(connection, query, batch["class_id"])
    results, found = [], {}
    for essay in essays_of(connection, effect.batch_id):
        pupil = _author(connection, essay, pupils)
        (text,) = texts_of([essay])
        results.append(match_result(text, pupil, CONFIDENCE))
        if pupil is not None:
            found[essay["essay_id"]] = pupil["student_id"]
    add(connection, matches_suggested(batch, results, moment(effect.batch_id)))
    schedule(connection, Effect("suggested", effect.batch_id, {"pupils": found}), ROWS_AFTER)


def _author(connection: sqlite3.Connection, essay: Row, pupils: list[Row]) -> Row | None:
    text = text_of(connection, essay["original_text_storage_id"]).decode(errors="replace")
    words = f"{essay['filename']} {text[:500]}".replace("_", " ").lower()
    names = ((pupil, f"{pupil['first_name']} {pupil['last_name']}".lower()) for pupil in pupils)
    return next((pupil for pupil, name in names if name in words), None)


def suggest(connection: sqlite3.Connection, effect: Effect) -> None:
    """CMS stores the suggestions."""
    batch = batch_of(connection, effect.batch_id)
    if batch is None:
        return
    now, known = now_text(), "SELECT 1 FROM students WHERE student_id = ?"
    for essay_id, student_id in effect.payload["pupils"].items():
        if fetch_one(connection, known, student_id):
            row = (essay_id, effect.batch_id, batch["class_id"], student_id)
            values = (*row, "pending_validation", now, CONFIDENCE)
            connection.execute("INSERT INTO associations VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, effect: Effect) -> None:
    """The orchestrator learns of a confirmation; it ignores one that it does not wait for.

    The essay service tells of ready essays at each confirmation.
    """
    batch = batch_of(connection, effect.batch_id)
    if batch is None:
        return
    essays = texts_of(essays_of(connection, effect.batch_id))
    add(connection, essays_ready(batch, essays, moment(effect.batch_id)))
    if batch["status"] == AWAITING_STUDENTS:
        set_status(connection, effect.batch_id, READY)
