"""Results of a batch: statistics of its scores, and its essays as rows."""

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.dto.results_v1 import ResultRowV1, ResultStatisticsV1, ScoreIntervalV1
from services.bff_teacher.events.model import Grade
from services.bff_teacher.screens.failure_texts import failures_of
from services.bff_teacher.screens.rows.essays import RankedEssay, grade_dto, suggested_student


def statistics_of(rows: Iterable[RankedEssay], *, is_final: bool) -> ResultStatisticsV1 | None:
    """None before the end, when scores may still change, and without any score."""
    scores = [score for row in rows if (score := row.score) is not None]
    if not scores or not is_final:
        return None
    # `fmean`, and the sum of two in `median`, overflow where an exact mean does not.
    middle = (statistics.median_low(scores), statistics.median_high(scores))
    return ResultStatisticsV1(
        count=len(scores),
        mean=statistics.mean(scores),
        median=statistics.mean(middle),
        spread=statistics.pstdev(scores),
        distribution=distribution_of(scores),
    )


def distribution_of(scores: Sequence[float]) -> list[ScoreIntervalV1]:
    """Intervals of one width by Sturges' rule; one interval when all scores are equal."""
    lowest, highest = min(scores), max(scores)
    number = (len(scores) - 1).bit_length() + 1 if lowest < highest else 1
    # Divided before they are subtracted: the whole range may be more than a float holds.
    width = highest / number - lowest / number
    # Rounding may lead beyond the highest.
    edges = [min(lowest + width * step, highest) for step in range(number)]
    counts = Counter(bisect_right(edges, score) - 1 for score in scores)
    uppers = [*edges[1:], highest]
    return [
        ScoreIntervalV1(lower=lower, upper=upper, count=counts[place])
        for place, (lower, upper) in enumerate(zip(edges, uppers, strict=True))
    ]


def result_rows(
    rows: Iterable[RankedEssay],
    names: Iterable[StudentOfEssay],
    language: LanguageV1,
    grades: Mapping[str, Grade] | None = None,
) -> list[ResultRowV1]:
    """The rows in the order given; `grades` by essay id in lower case."""
    matches = {match.essay_id.lower(): match for match in names}
    return [
        ResultRowV1(
            essay_id=row.essay.essay_id,
            rank=row.rank,
            score=row.score,
            student=suggested_student(matches.get(row.essay.essay_id.lower())),
            filename=row.essay.filename,
            spellcheck_correction_count=row.essay.spellcheck_correction_count,
            failures=failures_of(row.essay, language),
            grade=grade_dto((grades or {}).get(row.essay.essay_id.lower())),
        )
        for row in rows
    ]
