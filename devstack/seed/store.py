"""The seeded database: one SQLite file that the emulators read and the scenario writes."""

import json
import math
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devstack.events.outbox import store
from devstack.seed.history import past_events
from devstack.seed.identifiers import BASE_DATE, fixed_id
from devstack.seed.model import Dataset, SeededBatch
from devstack.seed.people import CREDITS

LEDGER_NAME = "teacher-ledger.sqlite3"
_SCHEMA = Path(__file__).with_name("schema.sql")
_GRANTED = BASE_DATE - timedelta(days=89)


def database_path() -> Path:
    return Path(os.environ.get("DEVSTACK_DATA_DIR") or ".devstack") / "platform.sqlite3"


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file; its name may hold any character."""
    from sqlalchemy import URL  # noqa: PLC0415 - a third of the start of most emulators

    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def delete_ledger(folder: Path) -> None:
    """Delete the teacher BFF's ledger: its confirmations belong to the old data."""
    for file in folder.glob(f"{LEDGER_NAME}*"):
        file.unlink()


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Build the file beside `path` and move it into place, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".building")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as connection:
        make_tables(connection)
        with connection:
            _fill(connection, dataset)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    unfinished.replace(path)


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing."""
    connection.executescript(_SCHEMA.read_text(encoding="utf-8"))


def _fill(connection: sqlite3.Connection, dataset: Dataset) -> None:
    batches = (*dataset.batches, *dataset.stray_batches)
    insert_rows(connection, "classes", dataset.classes)
    insert_rows(connection, "students", dataset.students)
    insert_rows(connection, "associations", dataset.associations)
    insert_rows(connection, "batches", batches)
    insert_rows(connection, "essays", (essay for batch in batches for essay in batch.essays))
    # The orchestrator has every batch, also those that RAS lacks.
    for batch in (*dataset.batches, *dataset.bos_only):
        write_orchestration(connection, batch)
    texts = [(one.storage_id, one.content_type, one.body.encode()) for one in dataset.texts]
    connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", texts)
    members = [(key, one.student_id) for one in dataset.students for key in one.class_ids]
    connection.executemany("INSERT INTO class_members VALUES (?, ?)", members)
    credit = [("user", user_id, balance) for user_id, balance in dataset.credits.items()]
    connection.executemany("INSERT INTO credit_balances VALUES (?, ?, ?)", credit)
    insert_rows(connection, "credit_operations", credit_operations(dataset.batches))
    connection.execute("INSERT INTO seed VALUES (?)", (sql_value(dataset.base_date),))
    store(connection, past_events(dataset))


def insert_rows(connection: sqlite3.Connection, table: str, values: Iterable[object]) -> None:
    """Insert values whose attributes are named like the table's columns."""
    names = columns_of(connection, table)
    marks = ", ".join("?" * len(names))
    rows = [[sql_value(getattr(value, name)) for name in names] for value in values]
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - fixed names


def write_orchestration(connection: sqlite3.Connection, batch: SeededBatch) -> None:
    """Insert or replace the batch as the orchestrator has it."""
    has_prompt, requested = (
        batch.prompt_storage_id is not None,
        json.dumps(batch.requested_pipelines),
    )
    row = (
        batch.batch_id,
        batch.user_id,
        batch.course_code,
        batch.essay_count,
        has_prompt,
        requested,
    )
    changed = sql_value(batch.orchestrated_at)
    connection.execute("REPLACE INTO bos_batches VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, changed))
    for one in batch.phases:
        times = (sql_value(one.started_at), sql_value(one.completed_at))
        phase = (batch.batch_id, one.name, one.status, *times)
        connection.execute("REPLACE INTO phases VALUES (?, ?, ?, ?, ?)", phase)
    context = (batch.batch_id, batch.class_id, batch.orchestrator_status)
    connection.execute("REPLACE INTO bos_contexts VALUES (?, ?, ?)", context)


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def sql_value(value: object) -> object:
    """Times and mappings as text; SQLite keeps no NaN in a number column, but keeps the word."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return json.dumps(value)
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditOperation:
    """`amount` has no sign: a manual adjustment may add or deduct."""

    id: str
    subject_id: str
    metric: str
    amount: int
    batch_id: str | None
    created_at: datetime
    subject_type: str = "user"
    consumed_from: str = "user"
    operation_status: str = "completed"

    @property
    def correlation_id(self) -> str:
        return fixed_id(f"correlation/{self.id}")


def credit_operations(batches: Iterable[SeededBatch]) -> list[CreditOperation]:
    """Oldest first; what was granted and not consumed is the balance."""
    consumed = [_consumption(batch) for batch in batches if batch.processing_completed_at]
    spent = dict.fromkeys(CREDITS, 0)
    for operation in consumed:
        spent[operation.subject_id] += operation.amount
    granted = [
        CreditOperation(
            id=fixed_id(f"grant/{user_id}"),
            subject_id=user_id,
            metric="manual_adjustment",
            amount=balance + spent[user_id],
            batch_id=None,
            created_at=_GRANTED.replace(tzinfo=UTC),
        )
        for user_id, balance in CREDITS.items()
    ]
    return sorted([*granted, *consumed], key=lambda operation: operation.created_at)


def _consumption(batch: SeededBatch) -> CreditOperation:
    """A comparison of each pair of ranked essays, booked when the assessment was done."""
    ranked = sum(essay.cj_rank is not None for essay in batch.essays)
    ended = batch.processing_completed_at or batch.last_updated
    return CreditOperation(
        id=fixed_id(f"consumption/{batch.batch_id}"),
        subject_id=batch.user_id,
        metric="cj_comparison",
        amount=ranked * (ranked - 1) // 2,
        batch_id=batch.batch_id,
        created_at=ended.replace(tzinfo=UTC),
    )
