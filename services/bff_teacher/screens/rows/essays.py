"""The essays of a batch in the order in which they are shown, and one of them as it is shown."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bff_core.clock import as_utc
from services.bff_teacher.contracts.cms_students import StudentOfEssay
from services.bff_teacher.contracts.ras_batch import UNSCORED_RANK, Essay
from services.bff_teacher.dto.essay_result_v1 import EssayResultV1, SuggestedStudentV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ownership import is_pupil
from services.bff_teacher.screens.failure_texts import failures_of
from services.bff_teacher.screens.ids import is_uuid

E = TypeVar("E", bound=EssayResultV1)


@dataclass(frozen=True, slots=True)
class Placed:
    """An essay and its rank, if it has one."""

    essay: Essay
    rank: int | None


def placed(essays: Iterable[Essay]) -> list[Placed]:
    """By rank, then by file name; each essay once, without those whose id cannot be shown."""
    unique = list({one.essay_id: one for one in essays if is_uuid(one.essay_id)}.values())
    scores = {_score(one) for one in unique} - {None}
    ranks = {score: rank for rank, score in enumerate(sorted(scores, key=_descending), start=1)}
    rows = [Placed(one, ranks.get(_score(one))) for one in unique]
    return sorted(rows, key=_position)


def count_ranked(rows: Sequence[Placed]) -> int:
    return sum(row.rank is not None for row in rows)


def shown(
    kind: Callable[..., E],
    row: Placed,
    match: StudentOfEssay | None,
    language: LanguageV1,
    **more: object,
) -> E:
    """The essay as a DTO of `kind`, which has the fields `more` beside those of every essay."""
    essay = row.essay
    return kind(
        essay_id=essay.essay_id,
        filename=essay.filename,
        file_upload_id=essay.file_upload_id,
        spellcheck_status=essay.spellcheck_status,
        spellcheck_correction_count=essay.spellcheck_correction_count,
        cj_assessment_status=essay.cj_assessment_status,
        cj_rank=essay.cj_rank,
        cj_score=_finite(essay.cj_score),
        rank=row.rank,
        student=_student(match),
        failures=failures_of(essay, language),
        last_updated=as_utc(essay.last_updated),
        **more,
    )


def _score(essay: Essay) -> float | None:
    """A zero on the place for those without a score means none."""
    unscored = essay.cj_score == 0 and essay.cj_rank == UNSCORED_RANK
    return None if unscored else _finite(essay.cj_score)


def _finite(score: float | None) -> float | None:
    return score if score is not None and math.isfinite(score) else None


def _descending(score: float | None) -> float:
    return -(score or 0.0)


def _position(row: Placed) -> tuple[float, bool, str, str]:
    """Those without a rank, or without a name, stand last."""
    name = row.essay.filename
    rank = math.inf if row.rank is None else row.rank
    return rank, name is None, (name or "").casefold(), row.essay.essay_id


def _student(match: StudentOfEssay | None) -> SuggestedStudentV1 | None:
    if match is None or not is_uuid(match.student_id) or not is_pupil(match.student_person_name):
        return None
    name = match.student_person_name
    return SuggestedStudentV1(
        student_id=match.student_id, first_name=name.first_name, last_name=name.last_name
    )
