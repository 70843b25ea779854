"""Expected answers of screen 1, computed from the seed without code of the services."""

from dataclasses import dataclass
from typing import Any

from devstack.seed import Dataset, SchoolClass, SeededBatch, SeededStudent
from tests.e2e.truth_oracle import state_of, zulu

WORDS = {
    "awaiting_content_validation": "pending_content",
    "awaiting_pipeline_configuration": "pending_content",
    "ready_for_pipeline_execution": "ready",
    "processing_pipelines": "processing",
    "awaiting_student_validation": "processing",
    "student_validation_completed": "processing",
    "validation_timeout_processed": "processing",
    "completed_successfully": "completed_successfully",
    "completed_with_failures": "completed_with_failures",
    "failed_critically": "failed",
    "content_ingestion_failed": "failed",
    "cancelled": "cancelled",
}
CLIENT_WORDS = sorted(set(WORDS.values()))
WIDE = {"pending_content", "processing", "failed"}


@dataclass
class DashboardOracle:
    data: Dataset

    def page(self, owner: str, limit: int, offset: int, word: str | None) -> dict[str, Any]:
        mine = [b for b in self.data.batches if b.user_id == owner]
        found = [b for b in mine if word is None or WORDS[b.status] == word]
        # RAS breaks ties by nothing; the emulator's index gives the later row first. Ours go by id.
        found.reverse()
        if word in WIDE:
            found.sort(key=lambda b: b.batch_id)
        found.sort(key=lambda b: b.created_at, reverse=True)
        return {
            "batches": [self.item(b) for b in found[offset : offset + limit]],
            "total_count": len(found),
            "limit": limit,
            "offset": offset,
            "has_more": offset + limit < len(found),
            "skipped": 0,
        }

    def item(self, batch: SeededBatch) -> dict[str, Any]:
        known = self.class_of(batch)
        return {
            "batch_id": batch.batch_id,
            "batch_code": batch.batch_id[:8].upper(),
            "title": batch.assignment_id or "Untitled Batch",
            "title_source": "assignment" if batch.assignment_id else None,
            "class_id": known.class_id if known else None,
            "class_name": known.name if known else None,
            **state_of(self.data, batch, listed=True),
            "total_essays": batch.essay_count,
            "requested_pipeline": None,
            "created_at": zulu(batch.created_at),
            "last_updated": zulu(batch.last_updated),
        }

    def class_of(self, batch: SeededBatch) -> SchoolClass | None:
        """CMS knows a batch's class by its association rows only."""
        rows = self.data.associations_of(batch.batch_id)
        by_id = {one.class_id: one for one in self.data.classes}
        return by_id[rows[0].class_id] if rows else None

    def classes(self, owner: str) -> list[dict[str, Any]]:
        mine = [one for one in self.data.classes if one.owner_id == owner]
        mine.sort(key=lambda one: one.created_at, reverse=True)
        return [self.class_row(one) for one in mine]

    def students_of(self, one: SchoolClass) -> list[SeededStudent]:
        by_id = {student.student_id: student for student in self.data.students}
        return [by_id[key] for key in one.student_ids if not by_id[key].is_synthetic]

    def class_row(self, one: SchoolClass) -> dict[str, Any]:
        newest = sorted(
            (b for b in self.data.batches if b.user_id == one.owner_id),
            key=lambda b: b.created_at,
            reverse=True,
        )[:100]
        own = [b for b in newest if (known := self.class_of(b)) and known.class_id == one.class_id]
        wanting = [b for b in own if self.needs_teacher(b)]
        return {
            "class_id": one.class_id,
            "name": one.name,
            "course_code": one.course_code,
            "student_count": len(self.students_of(one)),
            "created_at": zulu(one.created_at),
            "recent_batches": len(own),
            "needs_attention": len(wanting),
            "last_activity_at": zulu(max((b.last_updated for b in own), default=None)),
        }

    def needs_teacher(self, batch: SeededBatch) -> bool:
        state = state_of(self.data, batch, listed=True)
        troubled = state["status"] in {"failed", "completed_with_failures"}
        return troubled or state["attention"] is not None
