"""Whatever happens to a batch, and whatever is heard of it late or never: no status takes back
what the teacher was told is over, unless the platform did."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1 as Status
from services.bff_teacher.truth.batch import batch_truth
from services.bff_teacher.truth.facts import UNKNOWN, BatchTruth
from tests.property.batch_history import BatchHistory

STAGES = {
    Status.NOT_STARTED: 0,
    Status.AWAITING_REVIEW: 1,
    Status.READY: 2,
    Status.PROCESSING: 3,
    Status.RETRIED: 3,
    Status.COMPLETED_SUCCESSFULLY: 4,
    Status.COMPLETED_WITH_FAILURES: 4,
    Status.FAILED: 4,
}
AWAY = st.frozensets(st.sampled_from(["bos", "cms", "ledger"]))
STEPS = st.lists(
    st.tuples(st.integers(0, 10_000), st.one_of(st.just(frozenset()), AWAY)), max_size=40
)
Steps = list[tuple[int, frozenset[str]]]


def play(batch: BatchHistory, choice: int) -> None:
    moves = batch.moves()
    moves[choice % len(moves)]()


def look(batch: BatchHistory, away: frozenset[str]) -> BatchTruth:
    return batch_truth(
        batch.ras.row,
        UNKNOWN if "bos" in away else batch.bos,
        UNKNOWN,
        UNKNOWN if "cms" in away else batch.matching,
        UNKNOWN if "ledger" in away else batch.confirmed_at,
    )


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_no_status_takes_back_what_was_over(
    steps: Steps,
) -> None:
    batch = BatchHistory()
    told = (0, 0)
    for choice, away in steps:
        play(batch, choice)
        found = look(batch, away)
        if found.status is None or ("bos" in away and batch.generation):
            # Without phases, a second run on a batch that has ended once cannot be seen.
            continue
        stage = STAGES[found.status]
        assert (batch.generation, stage) >= told, (batch, found)
        told = (batch.generation, stage)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_a_running_phase_is_never_called_ended_and_what_ended_well_never_failed(
    steps: Steps,
) -> None:
    batch = BatchHistory()
    for choice, _ in steps:
        play(batch, choice)
        found = look(batch, frozenset())
        assert (found.status == Status.PROCESSING) or batch.running is None
        assert not (found.is_final and batch.running)
        assert found.processing_phase == batch.running


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_no_matches_wait_that_were_confirmed_or_belong_to_a_batch_that_has_begun(
    steps: Steps,
) -> None:
    batch = BatchHistory()
    for choice, away in steps:
        play(batch, choice)
        found = look(batch, away)
        begun = any(word != "pending_dependencies" for word in batch.words.values())
        if begun or batch.confirmed_at or batch.matching is None:
            assert not found.needs_attention or found.status in {
                Status.FAILED,
                Status.COMPLETED_WITH_FAILURES,
            }
        if found.attention is None and not found.attention_known:
            assert away
