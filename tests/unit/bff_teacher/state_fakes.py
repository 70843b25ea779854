"""In-memory fakes of what `StateReads` reads, and builders of its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from bff_core.clock import SystemClock
from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import BffError, DownstreamError
from services.bff_teacher.confirmations.upload import BatchRecord, KnownRecords
from services.bff_teacher.contracts.bos import PhaseState, PhaseStates, PipelineState
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    AssociationRow,
    StudentOfEssay,
    ValidationStatus,
    ValidationStatuses,
)
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import ANNA

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
NOT_BEGUN = {
    "spellcheck": "pending_dependencies",
    "nlp": "skipped_by_user_config",
    "ai_feedback": "skipped_by_user_config",
    "cj_assessment": "skipped_by_user_config",
}


def phases(*requested: str, **words: str) -> PhaseStates:
    """The phases as BOS gives them; those without a word are as at registration."""
    times = {"dispatch_initiated": NOON, "completed_successfully": NOON, "failed": NOON}
    states = {
        name: PhaseState(
            status=msgspec.convert(word, type=PhaseState.__annotations__["status"]),
            completed_at=times.get(word),
        )
        for name, word in {**NOT_BEGUN, **words}.items()
    }
    return PhaseStates(requested_pipelines=requested or ("spellcheck",), **states)


@dataclass
class FakePipelines:
    """A batch without an entry in `states` has not begun; None stands for an unknown one."""

    states: Mapping[str, PhaseStates | None] = field(default_factory=dict)
    failures: Mapping[str, DownstreamError] = field(default_factory=dict)
    down: DownstreamError | None = None
    asked: list[str] = field(default_factory=list)

    async def of_batch(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[PipelineState | None]:
        self.asked.append(batch_id)
        failure = self.failures.get(batch_id, self.down)
        if failure:
            raise failure
        state = self.states.get(batch_id, phases())
        if state is None:
            return Fetched(None)
        return Fetched(PipelineState(batch_id=batch_id, pipeline_state=state, user_id=ANNA))


@dataclass
class FakeReviews:
    """`counts` is CMS's route of counts, which is absent by default."""

    rows: Mapping[str, Sequence[AssociationRow]] = field(default_factory=dict)
    names: Sequence[StudentOfEssay] = ()
    counts: Mapping[str, ValidationStatus] | None = None
    down: DownstreamError | None = None
    asked: list[str] = field(default_factory=list)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, max_age: float | None = None
    ) -> Fetched[ValidationStatuses] | None:
        if self.down:
            raise self.down
        if self.counts is None:
            return None
        return Fetched({one: self.counts.get(one) for one in batch_ids})

    async def rows_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[AssociationPage]:
        self.asked.append(batch_id)
        return Fetched(AssociationPage(associations=list(self.rows.get(batch_id, ()))))

    async def students_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[list[StudentOfEssay]]:
        return Fetched(list(self.names))


@dataclass
class FakeBatchRecords:
    rows: Mapping[str, BatchRecord] = field(default_factory=dict)
    down: BffError | None = None
    confirmed_at: Mapping[str, datetime] = field(default_factory=dict)
    asked: list[Sequence[str]] = field(default_factory=list)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, fresh: bool = False
    ) -> Fetched[KnownRecords]:
        self.asked.append(batch_ids)
        if self.down:
            raise self.down
        return Fetched(KnownRecords(self.rows, self.confirmed_at))

    def forget(self, user_id: UserId | None) -> None: ...


class FixedClock(SystemClock):
    """The wall clock stands at `moment`."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def state_reads(
    pipelines: FakePipelines | None = None,
    reviews: FakeReviews | None = None,
    records: FakeBatchRecords | None = None,
    *,
    now: datetime = NOON,
    disabled: frozenset[str] = frozenset(),
) -> StateReads:
    return StateReads(
        pipelines or FakePipelines(),
        reviews or FakeReviews(),
        records or FakeBatchRecords(),
        FixedClock(now),
        disabled,
    )
