"""Essays of a batch by rank, and one essay as a DTO."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bff_core.clock import as_utc
from bff_core.composition import Part
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.contracts.ras import UNSCORED_RANK, EssayRecord
from services.bff_teacher.dto.essay_result_v1 import EssayResultV1, GradeV1, SuggestedStudentV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.events.model import Grade, KnownEvents
from services.bff_teacher.ownership import is_real_student
from services.bff_teacher.screens.failure_texts import failures_of
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import DisabledParts, optional_from_ledger

E = TypeVar("E", bound=EssayResultV1)


@dataclass(frozen=True, slots=True)
class RankedEssay:
    """An essay, its finite score, and its rank within the batch; None without a score."""

    essay: EssayRecord
    score: float | None
    rank: int | None


def rank_essays(essays: Iterable[EssayRecord]) -> list[RankedEssay]:
    """By rank, then by file name; each essay once, without those whose id is not a UUID.

    Equal scores share a rank, and the next lower score has the next number. Essays without a rank
    stand last, and within a rank those without a file name.
    """
    unique = {one.essay_id: one for one in essays if is_uuid(one.essay_id)}
    scored = [(one, score_of(one)) for one in unique.values()]
    scores = {score for _, score in scored if score is not None}
    ranks: dict[float | None, int] = {
        score: rank for rank, score in enumerate(sorted(scores, reverse=True), start=1)
    }

    def position(row: RankedEssay) -> tuple[float, bool, str, str]:
        name = row.essay.filename
        rank = math.inf if row.rank is None else row.rank
        return rank, name is None, (name or "").casefold(), row.essay.essay_id

    rows = [RankedEssay(one, score, ranks.get(score)) for one, score in scored]
    return sorted(rows, key=position)


def score_of(essay: EssayRecord) -> float | None:
    """The finite score; None where RAS's zero stands for no score."""
    score = None if _is_unscored(essay) else essay.cj_score
    return score if score is not None and math.isfinite(score) else None


def _is_unscored(essay: EssayRecord) -> bool:
    """RAS sends zero, and a rank of its own, for an essay that has no score."""
    return essay.cj_score == 0 and essay.cj_rank == UNSCORED_RANK


def count_ranked(rows: Sequence[RankedEssay]) -> int:
    return sum(row.rank is not None for row in rows)


def essay_dto(
    kind: Callable[..., E],
    row: RankedEssay,
    match: StudentOfEssay | None,
    language: LanguageV1,
    **more: object,
) -> E:
    """The essay as a DTO of type `kind`; `more` are the fields beyond those of every essay."""
    essay = row.essay
    return kind(
        essay_id=essay.essay_id,
        filename=essay.filename,
        file_upload_id=essay.file_upload_id,
        spellcheck_status=essay.spellcheck_status,
        spellcheck_correction_count=essay.spellcheck_correction_count,
        cj_assessment_status=essay.cj_assessment_status,
        cj_rank=None if _is_unscored(essay) else essay.cj_rank,
        cj_score=row.score,
        rank=row.rank,
        student=suggested_student(match),
        failures=failures_of(essay, language),
        last_updated=as_utc(essay.last_updated),
        **more,
    )


def suggested_student(match: StudentOfEssay | None) -> SuggestedStudentV1 | None:
    """The student of a match; None for CMS's placeholder."""
    if match is None or not is_uuid(match.student_id):
        return None
    name = match.student_person_name
    if not is_real_student(name):
        return None
    return SuggestedStudentV1(
        student_id=match.student_id, first_name=name.first_name, last_name=name.last_name
    )


def grade_dto(grade: Grade | None) -> GradeV1 | None:
    if grade is None:
        return None
    return GradeV1(letter=grade.letter, confidence=grade.confidence, confidence_label=grade.label)


async def read_grades(
    disabled: DisabledParts, events: KnownEvents, ctx: RequestContext, batch_id: str
) -> Part[Mapping[str, Grade]] | None:
    """The grades, of the part `events`, by essay id in lower case; None where no events are read."""
    if not events.is_read:
        return None
    return await optional_from_ledger(disabled, "events", lambda: events.grades(ctx, batch_id))
