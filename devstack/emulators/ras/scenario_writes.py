"""The scenario's marks in the seeded database: how far it is, and the batch that a step moves."""

import json
import sqlite3

from devstack.scenario import Move, Scenario
from devstack.seed import Batch, Essay
from devstack.seed.store import text_of

_TABLE = "CREATE TABLE IF NOT EXISTS scenario (place INTEGER PRIMARY KEY CHECK (place = 1), step INTEGER NOT NULL)"
_BATCH = """UPDATE batches SET status = ?, assignment_id = ?, completed_essay_count = ?,
 failed_essay_count = ?, created_at = ?, last_updated = ?, processing_started_at = ?,
 processing_completed_at = ? WHERE batch_id = ?"""
_ESSAY = """UPDATE essays SET in_ras = ?, spellcheck_status = ?, spellcheck_correction_count = ?,
 spellcheck_corrected_text_storage_id = ?, spellcheck_error_detail = ?, cj_assessment_status = ?,
 cj_rank = ?, cj_score = ?, cj_assessment_error_detail = ?, last_updated = ? WHERE essay_id = ?"""


def last_step(connection: sqlite3.Connection) -> int:
    """How many steps the data has seen; 0 as seeded."""
    connection.execute(_TABLE)
    row = connection.execute("SELECT step FROM scenario").fetchone()
    return 0 if row is None else int(row["step"])


def take_step(connection: sqlite3.Connection, scenario: Scenario) -> Move:
    """The next step and what it moves, in one transaction."""
    move = scenario.move(last_step(connection) + 1)
    connection.execute("REPLACE INTO scenario VALUES (1, ?)", (move.step,))
    connection.execute(_BATCH, _batch_values(move.batch))
    connection.executemany(_ESSAY, [_essay_values(essay) for essay in move.batch.essays])
    connection.execute("DELETE FROM phases WHERE batch_id = ?", (move.batch.batch_id,))
    connection.executemany(
        "INSERT INTO phases VALUES (?, ?, ?, ?, ?)",
        [
            (move.batch.batch_id, p.name, p.status, text_of(p.started_at), text_of(p.completed_at))
            for p in move.batch.phases
        ],
    )
    return move


def _batch_values(batch: Batch) -> tuple[object, ...]:
    return (
        str(batch.status),
        batch.assignment_id,
        batch.completed_essay_count,
        batch.failed_essay_count,
        text_of(batch.created_at),
        text_of(batch.last_updated),
        text_of(batch.processing_started_at),
        text_of(batch.processing_completed_at),
        batch.batch_id,
    )


def _essay_values(essay: Essay) -> tuple[object, ...]:
    return (
        essay.in_ras,
        essay.spellcheck_status,
        essay.spellcheck_correction_count,
        essay.spellcheck_corrected_text_storage_id,
        _json(essay.spellcheck_error_detail),
        essay.cj_assessment_status,
        essay.cj_rank,
        essay.cj_score,
        _json(essay.cj_assessment_error_detail),
        text_of(essay.last_updated),
        essay.essay_id,
    )


def _json(detail: object) -> str | None:
    return None if detail is None else json.dumps(detail)
