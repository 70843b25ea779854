"""Moves a few seeded batches along the platform's real path, the same way in every run.

The notifications of a move come in the order of the services that publish them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from devstack.notifications import SUCCESS, Announcer, Notification
from devstack.seed import BatchStatus, Dataset, SeededAssociation, SeededBatch, SeededEssay
from devstack.seed.identifiers import fixed_id
from devstack.seed.model import Phase, all_phases
from devstack.seed.plan import MOVING_KEYS

CHUNKS = 4
REST = 4
# The demo's own time between two steps: as fast as they follow each other at `./dev up`.
STEP_TIME = timedelta(seconds=3)
_SUCCESS, _RUNNING = "completed_successfully", "dispatch_initiated"

# The services store an outcome one after the other: the orchestrator when a phase is `concluded`,
# RAS when it is `counted` and when the batch is `completed`.
MOVES = (
    "registered",
    "uploaded",
    "matched",
    "confirmed",
    "started",
    *(f"spellchecked_{number}" for number in range(1, CHUNKS + 1)),
    "spellcheck_concluded",
    "spellcheck_counted",
    "assessed",
    "assessment_concluded",
    "completed",
    *("rest" for _ in range(REST)),
)
_UPLOADED = MOVES.index("uploaded")
_MATCHED = MOVES.index("matched")
_STARTED = MOVES.index("started")
_CHECKED = MOVES.index("spellchecked_1")
_CONCLUDED = MOVES.index("spellcheck_concluded")
_COUNTED = MOVES.index("spellcheck_counted")
_ASSESSED = MOVES.index("assessed")
_ENDED = MOVES.index("assessment_concluded")
_COMPLETED = MOVES.index("completed")
_PHASES = ("spellcheck", "cj_assessment")


@dataclass(frozen=True, slots=True)
class ScenarioMove:
    """A batch after a step; `changed` are the essays that the step writes.

    `suggestions` are CMS's rows, none for a guest batch. CMS keeps them as they are when a person
    confirms. `cycle` counts how often the batch has started again; in the end it `fails` or not.
    """

    step: int
    name: str
    cycle: int
    batch: SeededBatch
    changed: tuple[SeededEssay, ...] = ()
    suggestions: tuple[SeededAssociation, ...] = ()
    fails: bool = False

    @property
    def at(self) -> datetime:
        """The move's time in the demo's own time, naive UTC."""
        return self.batch.last_updated

    @property
    def clears_lists(self) -> bool:
        """RAS deletes a user's cached lists at these moves, and never a single batch's answer."""
        return self.name in {"registered", "uploaded", "completed"}


class DemoScenario:
    """Step n, from 1, moves one batch; the result depends on seed and n alone.

    A batch that has ended starts again under its own id, so that the data does not grow.
    """

    def __init__(self, dataset: Dataset, seed: int = 0) -> None:
        by_id = {batch.batch_id: batch for batch in dataset.batches}
        # The moving batches as the seed has them.
        self.batches = [by_id[fixed_id(f"batch/{key}")] for key in MOVING_KEYS]
        self._suggestions = {
            batch.batch_id: dataset.associations_of(batch.batch_id) for batch in self.batches
        }
        self._base = dataset.base_date
        self._seed = seed

    def move(self, step: int, base: datetime | None = None) -> ScenarioMove:
        """The move of a step, in times that count from `base`: the dataset's date by default."""
        if step < 1:
            raise ValueError(f"There is no step {step}: they count from 1.")
        lanes = len(self.batches)
        turn, lane = divmod(step - 1, lanes)
        cycle, place = divmod(turn, len(MOVES))
        began = (base or self._base) + (step - 1 - place * lanes) * STEP_TIME
        times = [began + number * lanes * STEP_TIME for number in range(len(MOVES))]
        final = self.batches[lane]
        chunks = _chunks(final, f"scenario/{self._seed}/{final.batch_id}/{cycle}")
        batch = _batch_at(final, chunks, times, place)
        if _CHECKED <= place < _CONCLUDED:
            changed = tuple(chunks[place - _CHECKED])
        else:
            changed = final.essays if place in {_UPLOADED, _ASSESSED} else ()
        rows = self._suggestions[final.batch_id] if place >= _MATCHED else []
        suggestions = tuple(
            replace(row, status="pending_validation", created_at=times[_MATCHED]) for row in rows
        )
        fails = final.status is BatchStatus.FAILED_CRITICALLY
        return ScenarioMove(step, MOVES[place], cycle, batch, changed, suggestions, fails)


def _chunks(final: SeededBatch, seed: str) -> list[list[SeededEssay]]:
    """The essays in random order, in groups of different sizes."""
    random = Random(seed)
    essays = list(final.essays)
    random.shuffle(essays)
    cuts = sorted(random.sample(range(1, len(essays)), CHUNKS - 1))
    return [essays[a:b] for a, b in zip([0, *cuts], [*cuts, len(essays)], strict=True)]


def _batch_at(
    final: SeededBatch, chunks: Sequence[list[SeededEssay]], times: Sequence[datetime], place: int
) -> SeededBatch:
    """The batch after the move at `place`; `times` are those of the cycle's moves."""
    place = min(place, _COMPLETED)
    critical = final.status is BatchStatus.FAILED_CRITICALLY
    failed = sum(essay.spellcheck_status == "failed" for essay in final.essays)
    if place < _COUNTED:
        status, completed_count, failed_count = BatchStatus.AWAITING_CONTENT_VALIDATION, 0, 0
    elif place < _COMPLETED:
        # RAS counts each phase's outcome.
        status = (
            BatchStatus.COMPLETED_WITH_FAILURES if failed else BatchStatus.COMPLETED_SUCCESSFULLY
        )
        completed_count, failed_count = len(final.essays) - failed, failed
    else:
        # At the end it takes over the orchestrator's counts, which know no single failed essay; a
        # phase that has failed as a whole ends the batch without an end.
        status = final.status
        completed_count, failed_count = final.completed_essay_count, final.failed_essay_count
    return replace(
        final,
        status=status,
        assignment_id=final.assignment_id if place >= _ASSESSED else None,
        completed_essay_count=completed_count,
        failed_essay_count=failed_count,
        created_at=times[0],
        last_updated=times[place],
        processing_started_at=times[_COUNTED] if place >= _COUNTED else None,
        processing_completed_at=times[place] if place == _COMPLETED and not critical else None,
        essays=tuple(_essay_at(essay, chunks, times, place) for essay in final.essays),
        phases=_phases_at(times, place, critical=critical),
    )


def _essay_at(
    essay: SeededEssay, chunks: Sequence[list[SeededEssay]], times: Sequence[datetime], place: int
) -> SeededEssay:
    checked_at = _CHECKED + next(n for n, chunk in enumerate(chunks) if essay in chunk)
    if place >= _ASSESSED:
        assessed = essay.cj_assessment_status or essay.cj_assessment_error_detail
        return replace(essay, last_updated=times[_ASSESSED if assessed else checked_at])
    unassessed = replace(
        essay,
        cj_assessment_status=None,
        cj_rank=None,
        cj_score=None,
        cj_assessment_error_detail=None,
        last_updated=times[min(place, checked_at)],
    )
    if place >= checked_at:
        return unassessed
    return replace(
        unassessed,
        in_ras=False,
        spellcheck_status=None,
        spellcheck_correction_count=None,
        spellcheck_corrected_text_storage_id=None,
        spellcheck_error_detail=None,
        last_updated=times[min(place, _UPLOADED)],
    )


def _phases_at(times: Sequence[datetime], place: int, *, critical: bool) -> tuple[Phase, ...]:
    """The orchestrator's phases: one with failed essays is a success, and the first has no start."""
    if place < _STARTED:
        return all_phases()
    if place < _CONCLUDED:
        return all_phases(
            Phase(name="spellcheck", status=_RUNNING, completed_at=times[_STARTED]),
            Phase(name="cj_assessment", status="pending_dependencies"),
        )
    ended = place >= _ENDED
    result = "failed" if critical else _SUCCESS
    return all_phases(
        Phase(name="spellcheck", status=_SUCCESS, completed_at=times[_CONCLUDED]),
        Phase(
            name="cj_assessment",
            status=result if ended else _RUNNING,
            started_at=times[_CONCLUDED],
            completed_at=times[_ENDED] if ended else None,
        ),
    )


def notifications_of(move: ScenarioMove) -> list[Notification]:
    """None for a silent move.

    The platform announces no registration, no suggestions of pupils and no confirmation of them, no
    essay's result, no state of RAS, and no end of a batch whose phase has failed.
    """
    batch = move.batch
    correlation_id = fixed_id(f"scenario/{batch.batch_id}/{move.cycle}")
    announce = Announcer(batch.batch_id, batch.user_id, move.at.replace(tzinfo=UTC), correlation_id)
    failed = sum(essay.spellcheck_status == "failed" for essay in batch.essays)
    # The assessment gets only the essays that the spellcheck has left.
    left = len(batch.essays) - failed
    found: list[Notification] = []
    match move.name:
        case "uploaded":
            files = [(one.file_upload_id, one.filename) for one in move.changed]
            found = [announce.file_uploaded(*file) for file in files]
        case "started":
            found = [announce.processing_started("cj_assessment", _PHASES)]
        case "spellcheck_concluded":
            status = "completed_with_failures" if failed else SUCCESS
            found = [
                announce.phase_completed("spellcheck", status, left, failed),
                announce.phase_concluded("spellcheck", status),
            ]
        case "assessed" if move.fails:
            found = [announce.phase_completed("cj_assessment", "failed_critically", 0, left)]
        case "assessed":
            ranked = sum(essay.cj_rank is not None for essay in batch.essays)
            found = [
                announce.phase_completed("cj_assessment", SUCCESS, left),
                announce.assessment_completed(str(move.step), ranked),
            ]
        case "assessment_concluded" if move.fails:
            found = [announce.phase_concluded("cj_assessment", "failed_critically")]
        case "assessment_concluded":
            concluded = announce.phase_concluded("cj_assessment", SUCCESS)
            found = [concluded, *_end(move, announce)]
    return found


def _end(move: ScenarioMove, announce: Announcer) -> list[Notification]:
    """RAS calls results ready only when every essay has a result of every phase."""
    batch = move.batch
    started = min(one.started_at for one in batch.phases if one.started_at is not None)
    outcome = (_PHASES, batch.essay_count, (move.at - started).total_seconds())
    ended = announce.pipeline_completed(*outcome)
    if any(essay.cj_assessment_status is None for essay in batch.essays):
        return [ended]
    return [announce.results_ready(*outcome), ended]
