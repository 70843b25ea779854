"""The screen that sends files, over fakes."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bff_core.errors import (
    BffError,
    InvalidRequest,
)
from bff_core.testing import FakeClock
from services.bff_teacher.dto.batch_files_v1 import BatchFilesSentV1
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.ports.forms import BodyLimits, PartData, PartHead
from services.bff_teacher.screens.owned_batch import OwnedBatches
from services.bff_teacher.screens.received_files import FileReceiver, UploadLimits
from services.bff_teacher.screens.upload_files import UploadFilesScreen
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    RecordingWrites,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.file_fakes import (
    FakeAnnouncements,
    FakeFileUploads,
    MemorySpool,
    MemoryUploads,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch
from tests.unit.bff_teacher.state_fakes import FakePipelines, state_reads

TEXT = "En text som är lång nog. ".encode() * 10
MIB = 1024 * 1024
LIMITS = UploadLimits(body=256 * MIB, file=16 * MIB - 4096, idle=10.0)


@dataclass
class FakeForm:
    """Files as parts, each in two pieces; `breaks` ends the body in the middle of the last one."""

    files: Sequence[tuple[str, bytes]]
    breaks: bool = False
    field_name: str = "files"

    async def parts(self, limits: BodyLimits) -> AsyncGenerator[PartHead | PartData, None]:
        for number, (name, data) in enumerate(self.files, start=1):
            yield PartHead(self.field_name, name)
            yield PartData(data[: len(data) // 2], is_last=False)
            if self.breaks and number == len(self.files):
                raise InvalidRequest("The request body broke off")
            yield PartData(data[len(data) // 2 :], is_last=True)


@dataclass
class UploadScenario:
    batches: FakeBatches = field(
        default_factory=lambda: FakeBatches([a_whole_batch(1, overall_status="pending_content")])
    )
    pipelines: FakePipelines = field(default_factory=FakePipelines)
    service: FakeFileUploads = field(default_factory=FakeFileUploads)
    uploads: MemoryUploads = field(default_factory=MemoryUploads)
    spool: MemorySpool = field(default_factory=MemorySpool)
    announcements: FakeAnnouncements = field(default_factory=FakeAnnouncements)
    writes: RecordingWrites = field(default_factory=RecordingWrites)

    async def send(self, *files: tuple[str, bytes], **options: Any) -> BatchFilesSentV1:
        clock = FakeClock()
        facts = CurrentFacts(self.batches, FakeClasses(), FakeStudents(), FakeResults())
        screen = UploadFilesScreen(
            owned=OwnedBatches(facts, self.pipelines, state_reads(self.pipelines), clock),
            receiver=FileReceiver(self.spool, LIMITS),
            files=self.service,
            uploads=self.uploads,
            announcements=self.announcements,
            writes=self.writes,
            clock=clock,
        )
        return (await screen.send(a_context(), batch_id(1), FakeForm(files, **options))).body

    async def fail(self, *files: tuple[str, bytes], **options: Any) -> BffError:
        with pytest.raises(BffError) as caught:
            await self.send(*files, **options)
        return caught.value

    @property
    def left_open(self) -> int:
        return sum(not file.closed for file in self.spool.files)


def statuses(answer: BatchFilesSentV1) -> list[tuple[str, str | None]]:
    return [(one.status, one.reason) for one in answer.files]
