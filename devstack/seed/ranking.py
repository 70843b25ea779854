"""Comparative-judgement outcomes: scores that may be negative, ranks that anchors have gaps in."""

import math
from dataclasses import replace
from random import Random

from devstack.seed.model import Essay

ANCHORS = 6
RANK_WITHOUT_SCORE = 999


def assess(essays: list[Essay], random: Random) -> list[Essay]:
    """Every essay scored; with more than ten, one pair is tied and the last has no score."""
    scores = [random.gauss(0.0, 1.4) for _ in essays]
    if len(essays) > 10:
        scores[4] = scores[7]
    ranks = _ranks(scores, [random.gauss(0.3, 1.6) for _ in range(ANCHORS)])
    ranked = [
        replace(essay, cj_assessment_status="completed", cj_score=score, cj_rank=rank)
        for essay, score, rank in zip(essays, scores, ranks, strict=True)
    ]
    return [*ranked[:-1], _unscored(ranked[-1])] if len(ranked) > 10 else ranked


def with_nan(essays: list[Essay]) -> list[Essay]:
    """The first essay's score as a division by zero leaves it."""
    return [replace(essays[0], cj_score=math.nan), *essays[1:]]


def _ranks(scores: list[float], anchors: list[float]) -> list[int]:
    """1 is best; whoever is tied shares a rank, and anchor texts take places too."""
    field = [*scores, *anchors]
    return [1 + sum(other > score for other in field) for score in scores]


def _unscored(essay: Essay) -> Essay:
    """RAS spells a missing score as an exact zero with a rank far behind."""
    return replace(essay, cj_score=0.0, cj_rank=RANK_WITHOUT_SCORE)
