"""Contract of the records of files: the fake, SQLite and PostgreSQL behave alike."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bff_core.clock import SystemClock
from bff_core.context import UserId
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.records import SqlBatchRecords
from services.bff_teacher.confirmations.sql_creations import SqlCreations
from services.bff_teacher.confirmations.sql_uploads import (
    KEPT,
    TIDIED_AT_ONCE,
    TIDIED_EVERY,
    SqlUploads,
)
from services.bff_teacher.confirmations.upload import FileOutcome, Upload, Uploads, UploadStatus
from tests import sqlite_threads
from tests.contract.test_confirmations import KINDS, postgres
from tests.contract.test_creations import a_creation
from tests.unit.bff_teacher.fakes import a_context
from tests.unit.bff_teacher.file_fakes import MemoryUploads

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
ANNA = UserId("anna-1")


@pytest.fixture(params=KINDS)
async def uploads(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Uploads]:
    if request.param == "memory":
        yield MemoryUploads()
        return
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if request.param == "postgres":
        address = postgres(request)
    database = LedgerDatabase(address, timeout=5.0)
    yield SqlUploads(database)
    await database.aclose()
    await sqlite_threads.until_they_end()


def an_upload(batch_id: str, filename: str = "Åsa.txt", **changes: object) -> Upload:
    upload = Upload(
        upload_key=str(uuid.uuid4()),
        batch_id=batch_id,
        user_id=ANNA,
        filename=filename,
        size=100,
        sent_at=NOW,
    )
    return replace(upload, **changes)  # type: ignore[arg-type]  # any field


def outcome_of(
    upload: Upload, status: UploadStatus, file_upload_id: str, **changes: object
) -> FileOutcome:
    outcome = FileOutcome(
        user_id=upload.user_id,
        batch_id=upload.batch_id,
        file_upload_id=file_upload_id,
        filename=upload.filename,
        status=status,
        reason=None,
        at=NOW + timedelta(seconds=1),
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]  # any field


async def statuses(uploads: Uploads, batch_id: str) -> list[tuple[str, str | None, str | None]]:
    rows = await uploads.of_batch(batch_id, ANNA)
    return [(one.status.value, one.file_upload_id, one.reason) for one in rows]


async def test_files_come_back_in_the_order_in_which_they_were_sent(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    later = an_upload(batch, "c.txt", sent_at=NOW + timedelta(seconds=1))
    first = [an_upload(batch, "b.txt"), an_upload(batch, "a.txt")]

    await uploads.add(first)
    await uploads.add([later])

    assert await uploads.of_batch(batch, ANNA) == [*first, later]
    assert await uploads.of_batch(str(uuid.uuid4()), ANNA) == []


async def test_the_end_of_a_request_is_that_of_its_files(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    first, other = an_upload(batch, "a.txt"), an_upload(batch, "b.txt")
    await uploads.add([first, other])

    await uploads.record(outcome_of(first, UploadStatus.ACCEPTED, "f-1"))
    await uploads.end([first, other], UploadStatus.SENT, None, NOW)

    assert await statuses(uploads, batch) == [("accepted", "f-1", None), ("sent", None, None)]


async def test_news_finds_the_first_file_of_its_name_and_then_its_id(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    twins = [an_upload(batch), an_upload(batch, sent_at=NOW + timedelta(seconds=1))]
    await uploads.add(twins)
    rejected = outcome_of(twins[0], UploadStatus.REJECTED, "f-2", reason="too_short")

    await uploads.record(outcome_of(twins[0], UploadStatus.ACCEPTED, "f-1"))
    await uploads.record(rejected)
    # Messages come in any order, and more than once.
    await uploads.record(outcome_of(twins[0], UploadStatus.ACCEPTED, "f-2"))
    await uploads.record(rejected)

    assert await statuses(uploads, batch) == [
        ("accepted", "f-1", None),
        ("rejected", "f-2", "too_short"),
    ]


async def test_a_removed_file_keeps_its_reason(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    upload = an_upload(batch)
    await uploads.add([upload])
    await uploads.record(outcome_of(upload, UploadStatus.REJECTED, "f-1", reason="empty"))

    await uploads.record(outcome_of(upload, UploadStatus.REMOVED, "f-1", filename="file_f-1"))

    assert await statuses(uploads, batch) == [("removed", "f-1", "empty")]


@pytest.mark.parametrize("uploads", KINDS[1:], indirect=True)
async def test_records_are_deleted_after_400_days(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    old = an_upload(batch, "old.txt", sent_at=NOW - KEPT - timedelta(seconds=1))
    kept = an_upload(batch, "kept.txt", sent_at=NOW - KEPT + timedelta(seconds=1))
    new = an_upload(batch, "new.txt")
    for one in (old, kept, new):
        await uploads.add([one])

    assert await uploads.of_batch(batch, ANNA) == [kept, new]


@pytest.mark.parametrize("uploads", KINDS[1:], indirect=True)
async def test_old_records_are_deleted_a_bounded_number_at_a_time(uploads: Uploads) -> None:
    batch, other = str(uuid.uuid4()), str(uuid.uuid4())
    # Before the rows of other tests in the same database.
    now = NOW - 10 * KEPT
    long_ago = now - 2 * KEPT
    number = 2 * TIDIED_AT_ONCE + 1
    await uploads.add([an_upload(batch, f"{one}", sent_at=long_ago) for one in range(number)])
    left = []

    for minute in range(4):
        await uploads.add([an_upload(other, sent_at=now + timedelta(minutes=minute))])
        left.append(len(await uploads.of_batch(batch, ANNA)))

    assert left == [TIDIED_AT_ONCE + 1, 1, 0, 0]
    await uploads.add([an_upload(batch, sent_at=long_ago)])
    await uploads.add([an_upload(other, sent_at=now + timedelta(minutes=5))])
    assert len(await uploads.of_batch(batch, ANNA)) == 1
    await uploads.add([an_upload(other, sent_at=now + timedelta(minutes=5) + TIDIED_EVERY)])
    assert await uploads.of_batch(batch, ANNA) == []


async def test_news_of_another_user_batch_or_file_changes_nothing(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    upload = an_upload(batch)
    await uploads.add([upload])
    accepted = outcome_of(upload, UploadStatus.ACCEPTED, "f-1")

    await uploads.record(replace(accepted, user_id=UserId("erik-1")))
    await uploads.record(replace(accepted, batch_id=str(uuid.uuid4())))
    await uploads.record(replace(accepted, filename="other.txt"))

    assert await statuses(uploads, batch) == [("sending", None, None)]


async def test_news_of_a_name_that_no_database_takes_is_no_failure(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    upload = an_upload(batch)
    await uploads.add([upload])
    odd = outcome_of(upload, UploadStatus.REJECTED, "f-1", filename="\0.txt", reason="empty")

    await uploads.record(odd)
    await uploads.record(outcome_of(upload, UploadStatus.ACCEPTED, "f-1"))
    await uploads.record(odd)

    assert await statuses(uploads, batch) == [("rejected", "f-1", "empty")]


async def test_news_at_once_of_equal_names_take_a_file_each(uploads: Uploads) -> None:
    batch = str(uuid.uuid4())
    twins = [an_upload(batch, sent_at=NOW + timedelta(seconds=place)) for place in range(4)]
    await uploads.add(twins)

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            outcome = outcome_of(twins[0], UploadStatus.ACCEPTED, f"f-{number}")
            group.create_task(uploads.record(outcome))

    found = {upload_id for _, upload_id, _ in await statuses(uploads, batch)}
    assert found == {"f-0", "f-1", "f-2", "f-3"}


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_records_count_files_that_fill_or_may_fill_a_place(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}"
    if kind == "postgres":
        address = postgres(request)
    database = LedgerDatabase(address, timeout=5.0)
    uploads, batch, other = SqlUploads(database), str(uuid.uuid4()), str(uuid.uuid4())
    made = a_creation(
        user_id=ANNA, key=batch, batch_id=batch, outcome=CreationOutcome.CREATED, title=None
    )
    await SqlCreations(database).begin(made)
    words = ("sending", "sent", "not_sent", "unknown", "accepted", "rejected", "removed")
    reasons = {"not_sent": "locked", "rejected": "empty"}
    await uploads.add(
        [
            an_upload(batch, status=UploadStatus(word), reason=reasons.get(word))
            for word in (*words, "accepted")
        ]
    )
    await uploads.add([an_upload(other, status=UploadStatus.REMOVED, reason="empty")])
    records = SqlBatchRecords(database, SystemClock())

    asked = [batch.upper(), other, str(uuid.uuid4())]
    found = (await records.of_batches(a_context(), asked)).value.by_batch

    await records.aclose()
    await database.aclose()
    await sqlite_threads.until_they_end()
    assert found.keys() == {batch, other}
    mine, foreign = found[batch], found[other]
    assert (mine.is_ours, mine.expected, mine.class_name) == (True, 25, "9A")
    assert (mine.files, mine.sure_files) == (6, 4)
    assert (foreign.is_ours, foreign.files, foreign.class_id) == (False, 0, None)
