"""Writes whose caller hangs up once they are sent."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from bff_core.context import RequestContext, UserId
from services.bff_teacher.confirmations.creation import CreationOutcome
from services.bff_teacher.contracts.platform_gateway import Registration
from services.bff_teacher.ports import BatchTitle
from services.bff_teacher.ports.workflow import NamedFile
from tests.unit.bff_teacher.creation_scenario import CreationScenario, FakeRegistrations
from tests.unit.bff_teacher.fakes import MemoryTitles, a_context, batch_id
from tests.unit.bff_teacher.file_fakes import FakeFileUploads, MemoryUploads
from tests.unit.bff_teacher.start_scenario import FakeCommands, StartScenario
from tests.unit.bff_teacher.test_batch_files_screen import FILE, FilesScenario, an_upload
from tests.unit.bff_teacher.test_batch_title_screen import Desk
from tests.unit.bff_teacher.upload_scenario import TEXT, UploadScenario


@dataclass
class Gate:
    """Holds what passes until the test opens it."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def passes(self) -> None:
        self.reached.set()
        await self.opened.wait()


async def hang_up(call: Coroutine[Any, Any, object], gate: Gate, told: Sequence[UserId]) -> None:
    """Leave a call that is at the gate, open it, and wait until the write is told to all."""
    caller = asyncio.create_task(call)
    async with asyncio.timeout(10):
        await gate.reached.wait()
        caller.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
        gate.opened.set()
        while not told:
            await asyncio.sleep(0.001)
    assert told == ["anna-1"]


async def test_a_creation_is_recorded() -> None:
    gate = Gate()

    class Held(FakeRegistrations):
        async def register(self, ctx: RequestContext, registration: Registration) -> str:
            await gate.passes()
            return await super().register(ctx, registration)

    scenario = CreationScenario(platform=Held())

    await hang_up(scenario.create(), gate, scenario.writes.users)

    (made,) = await scenario.ledger.latest(scenario.writes.users[0])
    assert made.outcome is CreationOutcome.CREATED
    assert (await scenario.create()).body.batch.batch_id == made.batch_id
    assert len(scenario.platform.sent) == 1


async def test_a_start_is_recorded() -> None:
    gate = Gate()

    class Held(FakeCommands):
        async def start(
            self, ctx: RequestContext, batch_id: str, pipeline: str, retry_reason: str | None
        ) -> None:
            await gate.passes()
            await super().start(ctx, batch_id, pipeline, retry_reason)

    scenario = StartScenario(commands=Held())

    await hang_up(scenario.start(), gate, scenario.writes.users)

    assert scenario.outcomes == ["accepted"]


async def test_a_title_is_told() -> None:
    gate = Gate()

    class Held(MemoryTitles):
        async def replace(
            self, ctx: RequestContext, batch_id: str, text: str, *, version: int
        ) -> BatchTitle | None:
            await gate.passes()
            return await super().replace(ctx, batch_id, text, version=version)

    desk = Desk(Held())

    await hang_up(desk.write("Krönikor"), gate, desk.writes.users)

    assert (await desk.read()).title == "Krönikor"


async def test_a_removal_is_recorded() -> None:
    gate = Gate()

    class Held(FakeFileUploads):
        async def remove(self, ctx: RequestContext, batch_id: str, file_upload_id: str) -> None:
            await gate.passes()
            await super().remove(ctx, batch_id, file_upload_id)

    uploads = MemoryUploads([an_upload("b.txt", "accepted", FILE)])
    scenario = FilesScenario(uploads, service=Held())
    call = scenario.screen.remove(a_context(), batch_id(1), FILE)
    await hang_up(call, gate, scenario.writes.users)

    assert [one.status for one in await scenario.rows()] == ["removed"]


async def test_an_upload_ends_but_counts_as_one_that_may_have_arrived() -> None:
    gate = Gate()

    class Held(FakeFileUploads):
        async def send(
            self, ctx: RequestContext, batch_id: str, files: Sequence[NamedFile]
        ) -> None:
            await gate.passes()
            await super().send(ctx, batch_id, files)

    scenario = UploadScenario(service=Held())

    await hang_up(scenario.send(("a.txt", TEXT)), gate, scenario.writes.users)

    assert [one.status for one in scenario.uploads.rows] == ["unknown"]
    assert (scenario.service.sent, scenario.left_open) == ([], 0)
