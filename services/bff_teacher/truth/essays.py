"""Results of a batch's essays, counted from the essays, because RAS's own counts are estimates."""

from dataclasses import dataclass

from services.bff_teacher.contracts.ras import BatchSummary, EssayStage

ENDED = frozenset({"completed", "failed"})


@dataclass(frozen=True, slots=True)
class EssayCounts:
    completed: int
    failed: int


def has_failed(essay: EssayStage) -> bool:
    return "failed" in (essay.spellcheck_status, essay.cj_assessment_status)


def count_essays(batch: BatchSummary) -> EssayCounts:
    """Essays that have ended well, and those that failed.

    At the end of a pipeline RAS takes over BOS's estimate, in which single failures do not appear.
    So its counts stand only for essays of which it lists no result.
    """
    completed = failed = 0
    for one in batch.essays:
        if has_failed(one):
            failed += 1
        elif "completed" in (one.spellcheck_status, one.cj_assessment_status):
            completed += 1
    unlisted = max(0, batch.completed_essay_count + batch.failed_essay_count - completed - failed)
    if not unlisted:
        return EssayCounts(completed, failed)
    lost = min(unlisted, max(0, batch.failed_essay_count - failed))
    return EssayCounts(completed + unlisted - lost, failed + lost)


def spellchecked(batch: BatchSummary) -> int:
    """Essays whose spellcheck has ended, well or not."""
    return sum(one.spellcheck_status in ENDED for one in batch.essays)


def has_results_of(phase: str, batch: BatchSummary) -> bool:
    """True if RAS has the results of the whole phase, at least one of them good.

    RAS keeps no results of `nlp` and `ai_feedback`.
    """
    if phase == "cj_assessment":
        return any(one.cj_assessment_status == "completed" for one in batch.essays)
    if phase != "spellcheck":
        return False
    good = any(one.spellcheck_status == "completed" for one in batch.essays)
    return good and spellchecked(batch) >= batch.essay_count
