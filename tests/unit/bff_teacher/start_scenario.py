"""The screens that preview and start pipelines, over fakes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import pytest

from bff_core.composition import WithHeaders
from bff_core.context import Deadline, RequestContext, UserId
from bff_core.errors import BffError, DownstreamError, Unavailable
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.start import KnownStarts, Start, StartOutcome
from services.bff_teacher.contracts.bos import PhaseStates, Preflight
from services.bff_teacher.dto.pipeline_v1 import (
    PipelinePreviewV1,
    PipelineStartRequestV1,
    PipelineStartV1,
)
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.screens.create_batch import WriteTimeouts
from services.bff_teacher.screens.owned_batch import OwnedBatches
from services.bff_teacher.screens.pipeline_preview import PipelinePreviewScreen
from services.bff_teacher.screens.start_pipeline import StartPipelineScreen
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    RecordingWrites,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch
from tests.unit.bff_teacher.state_fakes import (
    FakeBatchRecords,
    FakePipelines,
    FakeReviews,
    state_reads,
)

LEASE = 26.0
CJ_PHASES = ("spellcheck", "cj_assessment")


def a_preflight(**changes: object) -> Preflight:
    fields: dict[str, object] = {
        "allowed": True,
        "resolved_pipeline": CJ_PHASES,
        "required_credits": 300,
        "available_credits": 847,
        "resource_breakdown": {"cj_comparison": 300, "ai_feedback_generation": 0},
    }
    return Preflight(**(fields | changes))  # type: ignore[arg-type]  # any field


POOR = a_preflight(allowed=False, available_credits=45, denial_reason="insufficient_credits")


@dataclass
class FakePreflights:
    found: Preflight = field(default_factory=a_preflight)
    fails: DownstreamError | None = None
    asked: list[str] = field(default_factory=list)

    async def of_batch(self, ctx: RequestContext, batch_id: str, pipeline: str) -> Preflight:
        self.asked.append(pipeline)
        if self.fails:
            raise self.fails
        return self.found


@dataclass
class FakeCommands:
    """`sent` are the commands that came to the platform."""

    fails: DownstreamError | None = None
    sent: list[tuple[str, str, str | None]] = field(default_factory=list)

    async def start(
        self, ctx: RequestContext, batch_id: str, pipeline: str, retry_reason: str | None
    ) -> None:
        self._send(("pipeline", pipeline, retry_reason))

    async def retry_phase(
        self, ctx: RequestContext, batch_id: str, phase: str, reason: str
    ) -> None:
        self._send(("phase", phase, reason))

    def _send(self, command: tuple[str, str, str | None]) -> None:
        if self.fails is None or self.fails.sent:
            self.sent.append(command)
        if self.fails:
            raise self.fails


@dataclass
class MemoryStarts:
    """Passes the same contract tests as the real ledger. `down` names the methods that fail."""

    rows: list[Start] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    async def known(self, batch_id: str, caller: UserId, key: str) -> KnownStarts:
        self._fail("known")
        newest = sorted(self.rows, key=lambda one: one.number, reverse=True)
        of_batch = [one for one in newest if one.batch_id == batch_id]
        own = (one for one in of_batch if (one.user_id, one.key) == (caller, key))
        return KnownStarts(next(iter(of_batch), None), next(own, None))

    async def begin(self, start: Start) -> bool:
        self._fail("begin")
        place = (start.batch_id, start.number)
        if any((one.batch_id, one.number) == place for one in self.rows):
            return False
        self.rows.append(start)
        return True

    async def end(
        self, start: Start, outcome: StartOutcome, denial: str | None, at: datetime
    ) -> Start:
        self._fail("end")
        ended = replace(start, outcome=outcome, denial=denial, ended_at=at)
        self.rows[self.rows.index(start)] = ended
        return ended

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise Unavailable(details={"reason": "ledger_unavailable"})


@dataclass
class StartScenario:
    """A batch of Anna's that has not begun; `owner` stands for what reads it."""

    batches: FakeBatches = field(
        default_factory=lambda: FakeBatches([a_whole_batch(1, overall_status="pending_content")])
    )
    pipelines: FakePipelines = field(default_factory=FakePipelines)
    reviews: FakeReviews = field(default_factory=FakeReviews)
    records: FakeBatchRecords = field(default_factory=FakeBatchRecords)
    preflights: FakePreflights = field(default_factory=FakePreflights)
    commands: FakeCommands = field(default_factory=FakeCommands)
    ledger: MemoryStarts = field(default_factory=MemoryStarts)
    clock: FakeClock = field(default_factory=FakeClock)
    writes: RecordingWrites = field(default_factory=RecordingWrites)
    owner: Any = None

    async def start(
        self,
        key: str | None = "k-1",
        *,
        phase: str = "cj_assessment",
        retry: str | None = None,
        seconds: float = 25.0,
    ) -> WithHeaders[PipelineStartV1]:
        body = {"phase": phase} | ({"retry": {"reason": retry}} if retry else {})
        request = PipelineStartRequestV1.model_validate(body)
        return await self._screen.start(self._context(seconds), batch_id(1), request, key)

    async def retry(
        self, phase: str, key: str | None = "k-1", reason: str = "Again"
    ) -> WithHeaders[PipelineStartV1]:
        return await self._screen.retry(self._context(25.0), batch_id(1), phase, reason, key)

    async def preview(self, phase: str = "cj_assessment") -> PipelinePreviewV1:
        screen = PipelinePreviewScreen(self._owned, self.preflights)
        return await screen.load(a_context(), batch_id(1), phase)

    async def fail(self, key: str | None = "k-1", **options: object) -> BffError:
        with pytest.raises(BffError) as caught:
            await self.start(key, **options)  # type: ignore[arg-type]  # any option
        return caught.value

    def now_shows(self, states: PhaseStates) -> None:
        self.pipelines.states = {batch_id(1): states}

    @property
    def outcomes(self) -> list[str]:
        return [one.outcome.value for one in self.ledger.rows]

    @property
    def _owned(self) -> OwnedBatches:
        if self.owner:
            return cast("OwnedBatches", self.owner)
        facts = CurrentFacts(self.batches, FakeClasses(), FakeStudents(), FakeResults())
        states = state_reads(self.pipelines, self.reviews, records=self.records)
        return OwnedBatches(facts, self.pipelines, states, self.clock)

    @property
    def _screen(self) -> StartPipelineScreen:
        return StartPipelineScreen(
            owned=self._owned,
            preflights=self.preflights,
            commands=self.commands,
            ledger=self.ledger,
            writes=self.writes,
            clock=self.clock,
            timeouts=WriteTimeouts(lease=LEASE),
        )

    def _context(self, seconds: float) -> RequestContext:
        return replace(a_context(), deadline=Deadline.after(seconds, self.clock))
