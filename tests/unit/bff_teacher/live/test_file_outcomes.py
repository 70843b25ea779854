"""Each file's outcome is on the stream, without its name, and in the records, with it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from bff_core.testing import FakeClock
from bff_core.testing.clock import Run
from services.bff_teacher.confirmations.upload import Upload, UploadStatus
from services.bff_teacher.live.file_outcomes import EXPECTED_SECONDS
from tests.unit.bff_teacher.live.live_replicas import ANNA, ScreenCopy, cancel_all, live_system

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
FILE = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"
NAME = "Maja Lindqvist.txt"


def an_upload() -> Upload:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    return Upload(upload_key="k", batch_id=BATCH, user_id=ANNA, filename=NAME, size=1, sent_at=at)


def about_file(**more: Any) -> dict[str, Any]:
    return {"batch_id": BATCH, "file_upload_id": FILE, "filename": NAME, **more}


def test_each_file_is_announced_and_recorded(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock, replicas=2) as system:
            system.source.batches = {ANNA: {BATCH: {"a": 1}}}
            system.uploads.rows = [an_upload()]
            screens = [ScreenCopy(), ScreenCopy()]
            streams = [
                await system.replicas[0].open(screens[0]),
                await system.replicas[1].open(screens[1], batch_id=BATCH),
            ]
            await asyncio.sleep(2)
            system.notify("batch_files_uploaded", **about_file())
            system.notify("batch_validation_failed", **about_file(validation_error="EMPTY_CONTENT"))
            await asyncio.sleep(2)
            await cancel_all(*streams)

            for screen, message in zip(screens, (None, "The file holds no text."), strict=True):
                accepted, rejected = screen.activities
                assert (accepted["kind"], rejected["kind"]) == ("file_accepted", "file_rejected")
                assert (rejected["file_upload_id"], rejected["reason"]) == (FILE, "empty")
                assert rejected.get("message") == message
                assert NAME not in str(screen.activities)
            [row] = system.uploads.rows
            assert (row.status, row.reason, row.file_upload_id) == (
                UploadStatus.REJECTED,
                "empty",
                FILE,
            )

    run(main())


def test_an_upload_is_listened_to_without_a_stream_for_some_minutes(
    clock: FakeClock, run: Run
) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.uploads.rows = [an_upload()]
            await system.replicas[0].updates.expect(ANNA)
            system.notify("batch_files_uploaded", **about_file())
            await asyncio.sleep(EXPECTED_SECONDS - 1)
            heard = set(system.pubsub.subscribed[0])
            await asyncio.sleep(3)

            assert [one.status for one in system.uploads.rows] == [UploadStatus.ACCEPTED]
            assert (heard, system.pubsub.subscribed[0]) == ({ANNA}, set())

    run(main())


def test_a_file_without_a_valid_id_is_no_news(clock: FakeClock, run: Run) -> None:
    async def main() -> None:
        async with live_system(clock) as system:
            system.uploads.rows = [an_upload()]
            await system.replicas[0].updates.expect(ANNA)
            for broken in (
                {"file_upload_id": "../x"},
                {"file_upload_id": None},
                {"batch_id": None},
            ):
                system.notify("batch_files_uploaded", **about_file() | broken)
            system.notify("batch_files_uploaded", **about_file(user_id="erik-1"))
            await asyncio.sleep(1)

            assert system.uploads.rows == [an_upload()]

    run(main())
