"""The list of a batch's files, and the removal of one."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bff_core.errors import BffError, NotFound
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.upload import BatchRecord, Upload, UploadStatus
from services.bff_teacher.dto.batch_files_v1 import BatchFileV1
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.screens.batch_files import BatchFilesScreen
from services.bff_teacher.screens.owned_batch import OwnedBatches
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    RecordingWrites,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.file_fakes import FakeFileUploads, MemoryUploads
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch, an_essay
from tests.unit.bff_teacher.state_fakes import FakeBatchRecords, FakePipelines, phases, state_reads

NOW = FakeClock().now()
FILE = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"
OTHER = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a02"


def an_upload(name: str, status: str, file_upload_id: str | None = None, **more: Any) -> Upload:
    upload = Upload(
        upload_key=name,
        batch_id=batch_id(1),
        user_id=a_context().user_id,
        filename=name,
        size=100,
        sent_at=NOW,
        status=UploadStatus(status),
        file_upload_id=file_upload_id,
    )
    return replace(upload, **more)


@dataclass
class FilesScenario:
    uploads: MemoryUploads = field(default_factory=MemoryUploads)
    batches: FakeBatches = field(
        default_factory=lambda: FakeBatches([a_whole_batch(1, overall_status="pending_content")])
    )
    pipelines: FakePipelines = field(default_factory=FakePipelines)
    records: FakeBatchRecords = field(default_factory=FakeBatchRecords)
    service: FakeFileUploads = field(default_factory=FakeFileUploads)
    writes: RecordingWrites = field(default_factory=RecordingWrites)

    @property
    def screen(self) -> BatchFilesScreen:
        facts = CurrentFacts(self.batches, FakeClasses(), FakeStudents(), FakeResults())
        states = state_reads(self.pipelines, records=self.records)
        return BatchFilesScreen(
            owned=OwnedBatches(facts, self.pipelines, states, FakeClock()),
            files=self.service,
            uploads=self.uploads,
            writes=self.writes,
            clock=FakeClock(),
        )

    async def rows(self) -> list[BatchFileV1]:
        return (await self.screen.load(a_context(), batch_id(1))).body.files

    async def fail(self, file_upload_id: str) -> BffError:
        with pytest.raises(BffError) as caught:
            await self.screen.remove(a_context(), batch_id(1), file_upload_id)
        assert self.service.removed == []
        assert self.writes.users == []
        return caught.value


async def test_each_file_is_shown_as_far_as_it_is_known() -> None:
    scenario = FilesScenario(
        MemoryUploads(
            [
                an_upload("a.txt", "sent"),
                an_upload("b.txt", "accepted", FILE),
                an_upload("c.txt", "rejected", OTHER, reason="too_short"),
                an_upload("d.txt", "not_sent", reason="locked"),
                an_upload("e.txt", "sending"),
                an_upload("f.txt", "sending", sent_at=NOW - timedelta(minutes=4)),
            ]
        )
    )

    rows = await scenario.rows()

    assert [(one.filename, one.status, one.reason) for one in rows] == [
        ("a.txt", "sent", None),
        ("b.txt", "accepted", None),
        ("c.txt", "rejected", "too_short"),
        ("e.txt", "sent", None),
        ("f.txt", "unknown", None),
    ]
    assert rows[2].message == "The text is too short."


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, None),
        (BatchRecord(is_ours=False, files=1), None),
        (BatchRecord(is_ours=True, expected=12), 12),
    ],
    ids=["nobody", "sent here only", "created here"],
)
async def test_the_number_of_files_is_unknown_until_a_source_says_it(
    record: BatchRecord | None, expected: int | None
) -> None:
    early = NotFound(details={"reason": "not_yet_available"})
    scenario = FilesScenario(batches=FakeBatches(failures={batch_id(1): early}))
    scenario.records = FakeBatchRecords({batch_id(1): record} if record else {})

    listed = (await scenario.screen.load(a_context(), batch_id(1))).body

    assert listed.expected == expected


async def test_essays_of_ras_are_files_that_are_stored_whoever_sent_them() -> None:
    essays = [
        an_essay(1, file_upload_id=FILE, filename="b.txt"),
        an_essay(2, file_upload_id=OTHER, filename="unheard.txt"),
        an_essay(3, file_upload_id=OTHER.replace("02", "03"), filename="foreign.txt"),
    ]
    scenario = FilesScenario(
        MemoryUploads([an_upload("b.txt", "accepted", FILE), an_upload("unheard.txt", "sent")]),
        FakeBatches([a_whole_batch(1, essays)]),
    )

    rows = await scenario.rows()

    assert [(one.filename, one.status, one.size) for one in rows] == [
        ("b.txt", "stored", 100),
        ("unheard.txt", "stored", 100),
        ("foreign.txt", "stored", None),
    ]
    assert rows[1].file_upload_id == OTHER


async def test_a_known_file_is_removed_and_stays_in_the_list() -> None:
    scenario = FilesScenario(MemoryUploads([an_upload("b.txt", "accepted", FILE)]))

    removal = await scenario.screen.remove(a_context(), batch_id(1), FILE.upper())

    assert (removal.file_upload_id, scenario.service.removed) == (FILE, [FILE])
    assert [one.status for one in await scenario.rows()] == ["removed"]
    assert scenario.writes.users == ["anna-1"]


@pytest.mark.parametrize(("file", "status"), [(OTHER, 404), ("no-uuid", 400)])
async def test_an_unknown_file_is_not_removed(file: str, status: int) -> None:
    scenario = FilesScenario(MemoryUploads([an_upload("b.txt", "accepted", FILE)]))

    assert (await scenario.fail(file)).status == status


async def test_what_the_action_refuses_is_not_removed() -> None:
    scenario = FilesScenario(MemoryUploads([an_upload("b.txt", "accepted", FILE)]))
    scenario.records.rows = {batch_id(1): BatchRecord()}
    none_sent = await scenario.fail(FILE)
    scenario.pipelines.states = {batch_id(1): phases(spellcheck="dispatch_initiated")}
    running = await scenario.fail(FILE)

    assert [none_sent.details["reason"], running.details["reason"]] == ["no_files", "processing"]


async def test_another_teacher_s_batch_shows_no_files() -> None:
    scenario = FilesScenario(batches=FakeBatches([a_whole_batch(1, user_id="erik-1")]))

    assert (await scenario.fail(FILE)).status == 403
