"""The uploads of a batch: who wrote what, before any result exists."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from devstack.seed.assignments import BY_COURSE
from devstack.seed.ids import fixed_id, storage_id
from devstack.seed.model import Essay, SchoolClass, StoredText, Student
from devstack.seed.names import pupil_names
from devstack.seed.plan import PlannedBatch
from devstack.seed.texts import EssayText, compose

_SUFFIXES = ("docx", "docx", "pdf", "txt")
# What FS and the spellchecker send when they store a text.
ESSAY_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Author:
    student_id: str | None
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Draft:
    essay: Essay
    text: EssayText

    @property
    def corrected_id(self) -> str:
        return storage_id(f"corrected/{self.essay.essay_id}")

    def original(self) -> StoredText:
        return _stored(self.essay.original_text_storage_id, self.text.original)

    def corrected(self) -> StoredText:
        return _stored(self.corrected_id, self.text.corrected)


def authors_of(planned: PlannedBatch, members: list[Student], random: Random) -> list[Author]:
    """Pupils of the class in the order they handed in; strangers for a guest batch."""
    if planned.class_key is None:
        names = pupil_names(random, planned.size)
        return [Author(None, first, last) for first, last in names]
    pupils = [student for student in members if not student.is_synthetic]
    chosen = random.sample(pupils, planned.size)
    return [Author(pupil.student_id, pupil.first_name, pupil.last_name) for pupil in chosen]


def drafts_of(planned: PlannedBatch, authors: list[Author], created: datetime) -> list[Draft]:
    return [_draft(planned, author, number, created) for number, author in enumerate(authors)]


def members_of(school_class: SchoolClass | None, students: dict[str, Student]) -> list[Student]:
    return [students[one] for one in school_class.student_ids] if school_class else []


def _draft(planned: PlannedBatch, author: Author, number: int, created: datetime) -> Draft:
    name = f"{planned.key}/{number}"
    assignment = BY_COURSE[planned.course]
    essay = Essay(
        essay_id=fixed_id(f"essay/{name}"),
        batch_id=fixed_id(f"batch/{planned.key}"),
        filename=f"{author.first_name}_{author.last_name}_{assignment.key}.{_SUFFIXES[number % 4]}",
        file_upload_id=fixed_id(f"upload/{name}"),
        in_ras=False,
        original_text_storage_id=storage_id(f"original/{name}"),
        author_id=author.student_id,
        last_updated=created + timedelta(minutes=2, seconds=3 * number, microseconds=18_220),
    )
    return Draft(essay, compose(assignment, f"{author.first_name} {author.last_name}", name))


def _stored(identifier: str, body: str) -> StoredText:
    return StoredText(storage_id=identifier, content_type=ESSAY_CONTENT_TYPE, body=body)
