"""The screen that creates batches, over fakes."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bff_core.composition import WithHeaders
from bff_core.context import Deadline, RequestContext
from bff_core.errors import (
    BffError,
    DownstreamError,
)
from bff_core.testing import FakeClock
from services.bff_teacher.contracts.platform_gateway import Registration, prompt_reference
from services.bff_teacher.dto.batch_creation_v1 import BatchCreationV1, CreatedBatchV1
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.screens.create_batch import CreateBatchScreen, WriteTimeouts
from services.bff_teacher.screens.created_batch import CreatedBatches
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    MemoryCreations,
    MemoryTitles,
    RecordingWrites,
    a_batch,
    a_class,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, FakeTexts, a_whole_batch
from tests.unit.bff_teacher.state_fakes import state_reads

NEW = batch_id(7)
LEASE = 26.0
FIRST_TEXT = f"{1:032x}"
BODY = {"course_code": "SV1", "expected_essay_count": 3, "title": "Krönikor"}
WITH_CLASS = BODY | {"class_id": a_class(1).id, "instructions": "Skriv."}


@dataclass
class FakeRegistrations:
    fails: DownstreamError | None = None
    sent: list[Registration] = field(default_factory=list)

    async def register(self, ctx: RequestContext, registration: Registration) -> str:
        self.sent.append(registration)
        if self.fails:
            raise self.fails
        return NEW


@dataclass
class CreationScenario:
    """The teacher has class 1; RAS lists the new batch only when `batches` has it."""

    batches: FakeBatches = field(default_factory=lambda: FakeBatches([]))
    results: FakeResults = field(default_factory=FakeResults)
    texts: FakeTexts = field(default_factory=FakeTexts)
    platform: FakeRegistrations = field(default_factory=FakeRegistrations)
    ledger: MemoryCreations = field(default_factory=MemoryCreations)
    clock: FakeClock = field(default_factory=FakeClock)
    writes: RecordingWrites = field(default_factory=RecordingWrites)

    async def create(
        self, key: str | None = "k-1", *, seconds: float = 25.0, **changes: Any
    ) -> WithHeaders[CreatedBatchV1]:
        facts = CurrentFacts(self.batches, FakeClasses([a_class(1)]), FakeStudents(), self.results)
        screen = CreateBatchScreen(
            facts=facts,
            texts=self.texts,
            registrations=self.platform,
            ledger=self.ledger,
            created=CreatedBatches(facts, state_reads(), MemoryTitles()),
            writes=self.writes,
            clock=self.clock,
            timeouts=WriteTimeouts(lease=LEASE),
        )
        request = BatchCreationV1.model_validate(WITH_CLASS | changes)
        ctx = replace(a_context(), deadline=Deadline.after(seconds, self.clock))
        return await screen.create(ctx, request, key)

    async def fail(self, key: str | None = "k-1", **options: Any) -> BffError:
        with pytest.raises(BffError) as caught:
            await self.create(key, **options)
        return caught.value

    def is_made(self, prompt: str | None = FIRST_TEXT, **changes: object) -> None:
        """RAS lists a batch that was made now."""
        created_at = self.clock.now().replace(tzinfo=None)
        fields: dict[str, Any] = {"essay_count": 3, "created_at": created_at} | changes
        reference = prompt_reference(prompt) if prompt else None
        self.results.rows.append(a_batch(7, **fields))
        self.batches.rows.append(a_whole_batch(7, prompt=reference, **fields))

    def now_is_after_the_lease(self) -> None:
        self.clock.advance(LEASE + 1)
