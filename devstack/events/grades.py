"""Grades of ranked essays: only events hold them, so the demo derives them from the scores."""

import math
from collections.abc import Iterable

from devstack.events.event import Data

# The scale `swedish_8_anchor`, from the best.
_GRADES = ("A", "B", "C+", "C", "D+", "D", "E", "F")
_LABELS = ((0.75, "HIGH"), (0.4, "MID"), (0.0, "LOW"))


def graded(essays: Iterable[tuple[str, float | None, int]]) -> list[Data]:
    """Results of essays as id, score and rank, best first; a score between -2 and 2 is common.

    A score that is no number counts as 0.
    """
    rows = sorted(essays, key=lambda one: (one[2], one[0]))
    return [_graded(essay_id, _number(score), rank) for essay_id, score, rank in rows]


def _graded(essay_id: str, score: float, rank: int) -> Data:
    likeness = round(1 / (1 + math.exp(-1.5 * score)), 3)
    place = min(int((1 - likeness) * len(_GRADES)), len(_GRADES) - 1)
    confidence = round(min(abs(likeness - 0.5) * 1.6 + 0.2, 1.0), 2)
    label = next(name for least, name in _LABELS if confidence >= least)
    return {
        "essay_id": essay_id,
        "rank": rank,
        "score": likeness,
        "letter_grade": _GRADES[place],
        "confidence_score": confidence,
        "confidence_label": label,
        "bt_score": score,
    }


def _number(score: float | None) -> float:
    return float(score) if isinstance(score, int | float) and math.isfinite(score) else 0.0
