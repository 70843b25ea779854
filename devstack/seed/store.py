"""The seeded database: one SQLite file that the emulators read and the scenario writes."""

import json
import math
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from devstack.seed.model import Association, Batch, Dataset, Essay

DATA_DIR_VARIABLE = "DEVSTACK_DATA_DIR"
DEFAULT_DATA_DIR = ".devstack"
DATABASE_NAME = "platform.sqlite3"
LEDGER_NAME = "teacher-ledger.sqlite3"
_SCHEMA = Path(__file__).with_name("schema.sql")
# SQLite keeps no NaN in a number column, but it keeps the word.
NAN = "NaN"

Row = tuple[object, ...]


def database_path() -> Path:
    return Path(os.environ.get(DATA_DIR_VARIABLE) or DEFAULT_DATA_DIR) / DATABASE_NAME


def forget_ledger(folder: Path) -> None:
    """What was confirmed on the old data must not stand in the way on the new."""
    for leftover in folder.glob(f"{LEDGER_NAME}*"):
        leftover.unlink()


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Build the file aside and move it into place, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".building")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as connection:
        connection.executescript(_SCHEMA.read_text(encoding="utf-8"))
        with connection:
            _fill(connection, dataset)
    for leftover in ("-wal", "-shm"):
        Path(f"{path}{leftover}").unlink(missing_ok=True)
    unfinished.replace(path)


def _fill(connection: sqlite3.Connection, dataset: Dataset) -> None:
    batches = (*dataset.batches, *dataset.stray_batches)
    tables: dict[str, list[Row]] = {
        "classes": [
            (c.class_id, c.name, c.course_code, c.owner_id, text_of(c.created_at))
            for c in dataset.classes
        ],
        "students": [
            (s.student_id, s.first_name, s.last_name, s.legal_full_name, s.email, s.created_by)
            for s in dataset.students
        ],
        "class_members": [(c, s.student_id) for s in dataset.students for c in s.class_ids],
        "associations": [_association_row(one) for one in dataset.associations],
        "batches": [_batch_row(one) for one in batches],
        "essays": [_essay_row(essay) for one in batches for essay in one.essays],
        "bos_batches": _bos_rows(dataset),
        "phases": [row for one in batches for row in _phase_rows(one)],
        "texts": [(t.storage_id, t.content_type, t.body.encode()) for t in dataset.texts],
    }
    for table, rows in tables.items():
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 — the names are ours.


def _association_row(row: Association) -> Row:
    return (
        row.essay_id,
        row.batch_id,
        row.class_id,
        row.student_id,
        row.status,
        row.confidence,
        text_of(row.created_at),
    )


def _batch_row(batch: Batch) -> Row:
    return (
        batch.batch_id,
        batch.user_id,
        batch.assignment_id,
        str(batch.status),
        batch.essay_count,
        batch.completed_essay_count,
        batch.failed_essay_count,
        batch.requested_pipeline,
        batch.current_phase,
        text_of(batch.created_at),
        text_of(batch.last_updated),
        text_of(batch.processing_started_at),
        text_of(batch.processing_completed_at),
        batch.prompt_storage_id,
    )


def _essay_row(essay: Essay) -> Row:
    return (
        essay.essay_id,
        essay.batch_id,
        essay.in_ras,
        essay.filename,
        essay.file_upload_id,
        essay.original_text_storage_id,
        essay.spellcheck_status,
        essay.spellcheck_correction_count,
        essay.spellcheck_corrected_text_storage_id,
        _json(essay.spellcheck_error_detail),
        essay.cj_assessment_status,
        essay.cj_rank,
        _score(essay.cj_score),
        _json(essay.cj_assessment_error_detail),
        text_of(essay.last_updated),
    )


def _bos_rows(dataset: Dataset) -> list[Row]:
    """The orchestrator knows every batch, also those that RAS has not heard of."""
    return [*((one.batch_id, one.user_id) for one in dataset.batches), *dataset.bos_only.items()]


def _phase_rows(batch: Batch) -> list[Row]:
    return [
        (batch.batch_id, one.name, one.status, text_of(one.started_at), text_of(one.completed_at))
        for one in batch.phases
    ]


def text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _json(detail: object) -> str | None:
    return None if detail is None else json.dumps(detail)


def _score(score: float | None) -> float | str | None:
    return NAN if score is not None and math.isnan(score) else score
