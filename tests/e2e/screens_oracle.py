"""Expected answers of screens 2 to 4, computed from the seed without code of the services."""

import math
import statistics
from dataclasses import dataclass
from typing import Any

import pytest

from devstack.seed import Dataset, SeededBatch, SeededEssay, SeededStudent
from tests.e2e.dashboard_oracle import DashboardOracle
from tests.e2e.truth_oracle import state_of, zulu

RUNNING = {"dispatch_initiated", "in_progress"}
LOCKING = RUNNING | {"completed_successfully", "completed_with_partial_success"}
PHASE_ORDER = ["spellcheck", "ai_feedback", "cj_assessment", "nlp"]
MESSAGES = {
    ("en", "spellcheck"): "The spelling was not checked: a fault in the service.",
    ("sv", "spellcheck"): "Stavningen kontrollerades inte: ett fel i tjänsten.",
    ("en", "cj_assessment"): "The essay was not compared with the others: a fault in the service.",
    ("sv", "cj_assessment"): "Uppsatsen jämfördes inte med de andra: ett fel i tjänsten.",
}


@dataclass
class ScreensOracle:
    data: Dataset

    def __post_init__(self) -> None:
        self.dashboard = DashboardOracle(self.data)
        self.students = {one.student_id: one for one in self.data.students}
        self.texts = {one.storage_id: one.body for one in self.data.texts}
        self.matches = {row.essay_id: row.student_id for row in self.data.associations}

    def detail(self, batch: SeededBatch, language: str) -> dict[str, Any]:
        row, state = self.dashboard.item(batch), state_of(self.data, batch)
        lock = file_state(batch)
        essays = [
            self.essay(essay, rank, language)
            | {"spellcheck_corrected_text_storage_id": essay.spellcheck_corrected_text_storage_id}
            for essay, rank in ordered(batch)
        ]
        return row | {
            **state,
            "ranked_essays": sum(essay["rank"] is not None for essay in essays),
            "results": results(batch) if state["is_final"] else None,
            "file_state": lock,
            "failures": grouped(essays),
            "essays": essays,
            "skipped": 0,
        }

    def essay(self, essay: SeededEssay, rank: int | None, language: str) -> dict[str, Any]:
        return {
            "essay_id": essay.essay_id,
            "filename": essay.filename,
            "file_upload_id": essay.file_upload_id,
            "spellcheck_status": essay.spellcheck_status,
            "spellcheck_correction_count": essay.spellcheck_correction_count,
            "cj_assessment_status": essay.cj_assessment_status,
            "cj_rank": None if is_unscored(essay) else essay.cj_rank,
            "cj_score": None if is_unscored(essay) else number(essay.cj_score),
            "rank": rank,
            "student": self.writer(essay),
            "failures": failures(essay, language),
            "last_updated": zulu(essay.last_updated),
        }

    def writer(self, essay: SeededEssay) -> dict[str, Any] | None:
        student = self.students.get(self.matches.get(essay.essay_id, ""))
        if student is None or student.is_synthetic:
            return None
        return named(student) | {"status": "suggested"}

    def feedback(self, batch: SeededBatch, essay_id: str, language: str) -> dict[str, Any]:
        rows = ordered(batch)
        ids = [essay.essay_id for essay, _ in rows]
        at = ids.index(essay_id)
        essay, rank = rows[at]
        text = essay.spellcheck_corrected_text_storage_id
        return self.essay(essay, rank, language) | {
            "batch_id": batch.batch_id,
            "ranked_essays": sum(place is not None for _, place in rows),
            "previous_essay_id": ([None, *ids])[at],
            "next_essay_id": ([*ids, None])[at + 1],
            # Only events tell it.
            "grade": None,
            "corrected_text": self.texts[text] if text else None,
            "prompt": self.texts[batch.prompt_storage_id] if batch.prompt_storage_id else None,
        }

    def associations(self, batch: SeededBatch) -> dict[str, Any]:
        own = [one for one in self.data.classes if one.owner_id == batch.user_id]
        choice = {
            student.student_id: named(student) | {"class_id": one.class_id, "class_name": one.name}
            for one in own
            for student in self.dashboard.students_of(one)
        }
        rows = {row.essay_id: row for row in self.data.associations_of(batch.batch_id)}
        names = {essay.essay_id: essay.filename for essay in batch.visible_essays}
        listed = [
            {
                "essay_id": key,
                "filename": names.get(key),
                "must_be_decided": key in rows,
                "suggestion": "known" if key in rows and rows[key].student_id in choice else "none",
                "suggested_student": choice.get(rows[key].student_id) if key in rows else None,
                "suggested_at": zulu(rows[key].created_at) if key in rows else None,
            }
            for key in {*rows, *names}
        ]
        return {
            "batch_id": batch.batch_id,
            "associations": sorted(listed, key=by_name),
            "students": sorted(
                choice.values(),
                key=lambda one: (one["last_name"], one["first_name"], one["student_id"]),
            ),
            "skipped": 0,
        }


def named(student: SeededStudent) -> dict[str, Any]:
    return {
        "student_id": student.student_id,
        "first_name": student.first_name,
        "last_name": student.last_name,
    }


def by_name(row: dict[str, Any]) -> tuple[bool, str, str]:
    return row["filename"] is None, (row["filename"] or "").casefold(), row["essay_id"]


def number(score: float | None) -> float | None:
    return None if score is None or not math.isfinite(score) else score


def is_unscored(essay: SeededEssay) -> bool:
    return (essay.cj_score, essay.cj_rank) == (0.0, 999)


def results(batch: SeededBatch) -> dict[str, Any] | None:
    scores = [number(essay.cj_score) or 0.0 for essay, rank in ordered(batch) if rank is not None]
    if not scores:
        return None
    lowest, highest = min(scores), max(scores)
    number_of = math.ceil(math.log2(len(scores))) + 1 if lowest < highest else 1
    edges = [lowest + (highest - lowest) * step / number_of for step in range(number_of)]
    uppers = [*edges[1:], highest]
    return {
        "count": len(scores),
        "mean": pytest.approx(statistics.fmean(scores)),
        "median": pytest.approx(statistics.median(scores)),
        "spread": pytest.approx(statistics.pstdev(scores)),
        "distribution": [
            {
                "lower": pytest.approx(lower),
                "upper": pytest.approx(upper),
                "count": sum(lower <= score < upper for score in scores)
                + (upper == highest) * scores.count(highest),
            }
            for lower, upper in zip(edges, uppers, strict=True)
        ],
    }


def ordered(batch: SeededBatch) -> list[tuple[SeededEssay, int | None]]:
    """Dense ranks, the better score first; zero on rank 999 is RAS's sign of no score."""
    scored: list[tuple[float, SeededEssay]] = []
    unscored: list[SeededEssay] = []
    for essay in batch.visible_essays:
        score = number(essay.cj_score)
        if score is None or is_unscored(essay):
            unscored.append(essay)
        else:
            scored.append((score, essay))
    places = sorted({score for score, _ in scored}, reverse=True)
    rows: list[tuple[SeededEssay, int | None]] = []
    for place, at in enumerate(places, start=1):
        equal = [essay for score, essay in scored if score == at]
        rows += [(essay, place) for essay in sorted(equal, key=file_name)]
    return rows + [(essay, None) for essay in sorted(unscored, key=file_name)]


def file_name(essay: SeededEssay) -> tuple[str, str]:
    return essay.filename.casefold(), essay.essay_id


def failures(essay: SeededEssay, language: str) -> list[dict[str, Any]]:
    details = {
        "spellcheck": essay.spellcheck_error_detail,
        "cj_assessment": essay.cj_assessment_error_detail,
    }
    return [
        {"phase": phase, "cause": "service", "message": MESSAGES[language, phase]}
        for phase, detail in details.items()
        if detail is not None
    ]


def grouped(essays: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [failure for essay in essays for failure in essay["failures"]]
    return [
        next(one for one in found if one["phase"] == phase) | {"essay_count": count}
        for phase in ("spellcheck", "cj_assessment")
        if (count := sum(one["phase"] == phase for one in found))
    ]


def file_state(batch: SeededBatch) -> dict[str, Any]:
    """The file service names the first phase that locks, even when a later one runs."""
    locking = sorted(
        (phase for phase in batch.phases if phase.status in LOCKING),
        key=lambda phase: PHASE_ORDER.index(phase.name),
    )
    first = locking[0] if locking else None
    return {
        "locked": first is not None,
        "locked_at": zulu(first.started_at) if first else None,
        "verified": True,
        "running_phase": first.name if first and first.status in RUNNING else None,
    }
