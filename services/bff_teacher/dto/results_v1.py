"""Scores of a batch: statistics, and a row an essay."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from services.bff_teacher.dto.batch_title_v1 import BatchCode, Title, TitleSource
from services.bff_teacher.dto.essay_result_v1 import EXAMPLE_GRADE, GradeV1, SuggestedStudentV1
from services.bff_teacher.dto.failure_v1 import FailureV1
from services.bff_teacher.dto.uuid_text import UuidText

EXAMPLE_STATISTICS: JsonDict = {
    "count": 3,
    "mean": 0.2,
    "median": 0.1,
    "spread": 0.57,
    "distribution": [
        {"lower": -0.45, "upper": 0.2, "count": 2},
        {"lower": 0.2, "upper": 0.95, "count": 1},
    ],
}


# Dataclasses: their values are computed here.
@dataclass(slots=True)
class ScoreIntervalV1:
    """Scores from `lower` up to `upper`, which belongs to the next interval, or to the last."""

    lower: float
    upper: float
    count: Annotated[int, Field(ge=0)]


@dataclass(slots=True)
class ResultStatisticsV1:
    """Statistics of the scores of a batch, or of those that it has."""

    count: Annotated[int, Field(ge=1, description="Essays with a score.")]
    mean: float
    median: float
    spread: Annotated[float, Field(ge=0, description="Standard deviation of these scores.")]
    distribution: Annotated[
        list[ScoreIntervalV1],
        Field(description="Intervals of one width, from the lowest score to the highest."),
    ]


class ResultRowV1(BaseModel):
    """An essay; `rank` and `score` are null without a score."""

    essay_id: UuidText
    rank: int | None
    score: float | None = Field(description="May be negative.")
    student: SuggestedStudentV1 | None = Field(
        description="Null when there is no match, or while the part `student_names` is missing."
    )
    filename: str | None
    spellcheck_correction_count: int | None
    failures: list[FailureV1]
    grade: GradeV1 | None = Field(
        None, description="Null when it is not known, and while the part `events` is missing."
    )


class TeacherBatchResultsV1(BaseModel):
    """Results of a batch, by rank, then by file name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "batch_code": "3F0C6A52",
                    "title": "sv1-krönika",
                    "title_source": "assignment",
                    "is_final": True,
                    "results": EXAMPLE_STATISTICS,
                    "rows": [
                        {
                            "essay_id": "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01",
                            "rank": 1,
                            "score": 0.95,
                            "student": {
                                "student_id": "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81",
                                "first_name": "Maja",
                                "last_name": "Lindqvist",
                                "status": "suggested",
                            },
                            "filename": "Maja_Lindqvist_sv1-krönika.docx",
                            "spellcheck_correction_count": 7,
                            "failures": [],
                            "grade": EXAMPLE_GRADE,
                        }
                    ],
                    "skipped": 0,
                    "parts": [
                        {"name": "batch", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "student_names", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "phases", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "titles", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    batch_code: BatchCode
    title: Title
    title_source: TitleSource
    is_final: bool = Field(description="All processing has ended; before, rows may change.")
    results: ResultStatisticsV1 | None = Field(
        description="Null until `is_final`, and when no essay has a score."
    )
    rows: list[ResultRowV1]
    skipped: int = Field(description="Essays that could not be read.")
    parts: list[PartV1]
