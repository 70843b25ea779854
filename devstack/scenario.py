"""How the demo's batches move: a few seeded ones along RAS's true path, the same in every run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from random import Random

from devstack.seed import Batch, BatchStatus, Dataset, Essay
from devstack.seed.ids import fixed_id
from devstack.seed.model import Phase

CHUNKS = 4
REST = 4
# What one step is in the demo's own time, which its timestamps tell.
STEP_TIME = timedelta(seconds=40)
_SPELLCHECK, _ASSESSMENT = "spellcheck", "cj_assessment"
_SUCCESS, _PARTIAL = "completed_successfully", "completed_with_partial_success"

# Batches that are over in the seed, so that every result that they come to exists: by teacher,
# without failures, with some, and one that fails as a whole.
_KEYS = ("a14", "e11", "s09", "a17", "e07")

MOVES = (
    "registered",
    "uploaded",
    "started",
    *(f"spellchecked_{number}" for number in range(1, CHUNKS + 1)),
    "spellcheck_concluded",
    "assessed",
    "assessment_concluded",
    "completed",
    *("rest" for _ in range(REST)),
)
_CONCLUDED = MOVES.index("spellcheck_concluded")
_ASSESSED = MOVES.index("assessed")


@dataclass(frozen=True, slots=True)
class Move:
    """One batch as it is after a step; `cycle` counts how often it has begun anew."""

    step: int
    name: str
    cycle: int
    batch: Batch
    changed: tuple[Essay, ...] = ()

    @property
    def at(self) -> datetime:
        """In the demo's own time, naive UTC as all of its timestamps."""
        return self.batch.last_updated

    @property
    def forgets_lists(self) -> bool:
        """RAS drops a user's cached lists at these moves only; a single batch's answer never."""
        return self.name in {"registered", "uploaded", "completed"}


class Scenario:
    """Step n, from 1, moves one batch; each answer depends on the seed and n alone.

    A batch that is through begins again under its own id, so that a day of it adds no row.
    """

    def __init__(self, dataset: Dataset, seed: int = 0) -> None:
        ids = [fixed_id(f"batch/{key}") for key in _KEYS]
        by_id = {batch.batch_id: batch for batch in dataset.batches}
        self._lanes = [_Lane(by_id[one], seed, number) for number, one in enumerate(ids)]
        self._base = dataset.base_date

    @property
    def batches(self) -> list[Batch]:
        """Those that move, as the seed has them."""
        return [lane.goal for lane in self._lanes]

    def move(self, step: int) -> Move:
        if step < 1:
            raise ValueError(f"There is no step {step}: they count from 1.")
        turn, place = divmod(step - 1, len(self._lanes))
        return self._lanes[place].move(step, turn, self._base, len(self._lanes))


@dataclass(frozen=True)
class _Lane:
    """One batch's way to how the seed has it."""

    goal: Batch
    seed: int
    number: int

    def move(self, step: int, turn: int, base: datetime, lanes: int) -> Move:
        cycle, place = divmod(turn, len(MOVES))
        begun = base + (step - 1 - place * lanes) * STEP_TIME
        moments = [begun + number * lanes * STEP_TIME for number in range(len(MOVES))]
        stage = _Stage(self.goal, self._groups(cycle), moments)
        return Move(step, MOVES[place], cycle, stage.batch(place), stage.changed(place))

    def _groups(self, cycle: int) -> list[list[Essay]]:
        """Results come in no order, and not in equal numbers."""
        chance = Random(f"scenario/{self.seed}/{self.goal.batch_id}/{cycle}")
        essays = list(self.goal.essays)
        chance.shuffle(essays)
        cuts = sorted(chance.sample(range(1, len(essays)), CHUNKS - 1))
        return [essays[a:b] for a, b in zip([0, *cuts], [*cuts, len(essays)], strict=True)]


@dataclass(frozen=True)
class _Stage:
    goal: Batch
    groups: Sequence[list[Essay]]
    moments: Sequence[datetime]

    def batch(self, place: int) -> Batch:
        place = min(place, MOVES.index("completed"))
        ended = place == MOVES.index("completed") and not self.critical
        concluded = place >= _CONCLUDED
        return replace(
            self.goal,
            status=self._status(place),
            assignment_id=self.goal.assignment_id if place >= _ASSESSED else None,
            completed_essay_count=self._counts(place)[0],
            failed_essay_count=self._counts(place)[1],
            created_at=self.moments[0],
            last_updated=self.moments[place],
            processing_started_at=self.moments[_CONCLUDED] if concluded else None,
            processing_completed_at=self.moments[place] if ended else None,
            essays=tuple(self._essay(one, place) for one in self.goal.essays),
            phases=self._phases(place),
        )

    def changed(self, place: int) -> tuple[Essay, ...]:
        """The essays whose rows this very move writes."""
        if place == MOVES.index("uploaded"):
            return self.goal.essays
        name = MOVES[place]
        if name.startswith("spellchecked_"):
            return tuple(self.groups[place - MOVES.index("spellchecked_1")])
        return self.goal.essays if name == "assessed" else ()

    @property
    def critical(self) -> bool:
        return self.goal.status is BatchStatus.FAILED_CRITICALLY

    @cached_property
    def _broken(self) -> int:
        return sum(essay.spellcheck_status == "failed" for essay in self.goal.essays)

    def _status(self, place: int) -> BatchStatus:
        if place < _CONCLUDED:
            return BatchStatus.AWAITING_CONTENT_VALIDATION
        if self.critical and place < _ASSESSED:
            return BatchStatus.COMPLETED_SUCCESSFULLY
        return self.goal.status

    def _counts(self, place: int) -> tuple[int, int]:
        """What the phase counted; at the very end the orchestrator's estimate."""
        if place < _CONCLUDED:
            return 0, 0
        last = _ASSESSED if self.critical else MOVES.index("completed")
        if place >= last:
            return self.goal.completed_essay_count, self.goal.failed_essay_count
        return len(self.goal.essays) - self._broken, self._broken

    def _essay(self, essay: Essay, place: int) -> Essay:
        number = next(n for n, group in enumerate(self.groups) if essay in group)
        checked_at = MOVES.index("spellchecked_1") + number
        if place < checked_at:
            return _unknown(essay, self.moments[min(place, 1)])
        if place < _ASSESSED:
            return _unassessed(essay, self.moments[checked_at])
        assessed = essay.cj_assessment_status or essay.cj_assessment_error_detail
        return replace(essay, last_updated=self.moments[_ASSESSED if assessed else checked_at])

    def _phases(self, place: int) -> tuple[Phase, ...]:
        if place < MOVES.index("started"):
            return ()
        checked = _PARTIAL if self._broken else _SUCCESS
        started = self.moments[MOVES.index("started")]
        if place < _CONCLUDED:
            return (Phase(name=_SPELLCHECK, status="in_progress", started_at=started),)
        first = self.moments[_CONCLUDED]
        spellcheck = Phase(name=_SPELLCHECK, status=checked, started_at=started, completed_at=first)
        last = _ASSESSED if self.critical else MOVES.index("assessment_concluded")
        done = place >= last
        end = "failed" if self.critical else _SUCCESS
        assessment = Phase(
            name=_ASSESSMENT,
            status=end if done else "in_progress",
            started_at=first,
            completed_at=self.moments[last] if done else None,
        )
        return (spellcheck, assessment)


def _unknown(essay: Essay, at: datetime) -> Essay:
    """Uploaded, and no row of it in RAS."""
    return replace(
        _unassessed(essay, at),
        in_ras=False,
        spellcheck_status=None,
        spellcheck_correction_count=None,
        spellcheck_corrected_text_storage_id=None,
        spellcheck_error_detail=None,
    )


def _unassessed(essay: Essay, at: datetime) -> Essay:
    return replace(
        essay,
        cj_assessment_status=None,
        cj_rank=None,
        cj_score=None,
        cj_assessment_error_detail=None,
        last_updated=at,
    )
