"""The whole demo platform in memory, built from the plan without clock or machine randomness."""

from datetime import datetime, timedelta
from functools import cache
from random import Random

from devstack.seed.assignments import BY_COURSE, compose
from devstack.seed.classes import build_classes, class_id, pupil_names
from devstack.seed.identifiers import BASE_DATE, fixed_id, storage_id
from devstack.seed.model import (
    BatchStatus,
    Dataset,
    SeededAssociation,
    SeededBatch,
    SeededEssay,
    SeededStudent,
    StoredText,
)
from devstack.seed.people import ANNA, CREDITS, PEOPLE
from devstack.seed.plan import BOS_ONLY_BATCH_ID, PLAN, PlannedBatch, creation_times
from devstack.seed.progress import UploadedEssay, advanced
from devstack.seed.situations import WITHOUT_SUGGESTIONS, Situation

# RAS keeps ids as plain text: an old import left one that is no UUID.
LEGACY_BATCH_ID = "legacy-batch-0001"
_SUFFIXES = ("docx", "docx", "pdf", "txt")
_MATCHED = timedelta(minutes=3, seconds=20, microseconds=117_562)
# As the matcher scores an exact name and a doubtful one.
HIGH_CONFIDENCE, WEAK_CONFIDENCE = 0.95, 0.61
# The matcher found no name in so many essays: they have no association row.
_UNMATCHED_IN_REVIEW = 2


@cache
def load_dataset() -> Dataset:
    """The same value in every process; `python -m devstack.seed` writes it to a database."""
    classes, students = build_classes()
    members = {one.class_id: one.student_ids for one in classes}
    by_id = {student.student_id: student for student in students}
    batches: list[SeededBatch] = []
    associations: list[SeededAssociation] = []
    texts = [
        StoredText(
            storage_id=storage_id(f"prompt/{one.key}"),
            content_type="text/plain; charset=utf-8",
            body=one.prompt,
        )
        for one in BY_COURSE.values()
    ]
    for planned, created in zip(PLAN, creation_times(), strict=True):
        of_class = members[class_id(planned.class_key)] if planned.class_key else ()
        pupils = [by_id[student_id] for student_id in of_class]
        batch, uploads = _build(planned, pupils, created)
        batches.append(batch)
        associations += _associations(batch, pupils, planned.variant)
        texts += _texts(batch, uploads)
    return Dataset(
        base_date=BASE_DATE,
        people=PEOPLE,
        classes=tuple(classes),
        students=tuple(students),
        batches=tuple(batches),
        stray_batches=(_legacy_batch(),),
        associations=tuple(associations),
        texts=tuple(texts),
        bos_only=(_bos_only_batch(),),
        credits=CREDITS,
    )


def _build(
    planned: PlannedBatch, pupils: list[SeededStudent], created: datetime
) -> tuple[SeededBatch, list[UploadedEssay]]:
    random = Random(f"batch/{planned.key}")
    authors: list[tuple[str | None, str, str]]
    if planned.class_key is None:
        authors = [(None, *name) for name in pupil_names(random, planned.size)]
    else:
        real = [pupil for pupil in pupils if not pupil.is_synthetic]
        chosen = random.sample(real, planned.size)
        authors = [(one.student_id, one.first_name, one.last_name) for one in chosen]
    uploaded = authors[: planned.size - planned.lacking]
    uploads = [_upload(planned, number, author, created) for number, author in enumerate(uploaded)]
    return advanced(_registered(planned, created), planned, uploads, random), uploads


def _upload(
    planned: PlannedBatch, number: int, author: tuple[str | None, str, str], created: datetime
) -> UploadedEssay:
    """An essay by `author`, which is student id (None for a guest), first and last name."""
    name = f"{planned.key}/{number}"
    student_id, first, last = author
    assignment = BY_COURSE[planned.course]
    essay = SeededEssay(
        essay_id=fixed_id(f"essay/{name}"),
        batch_id=planned.batch_id,
        filename=f"{first}_{last}_{assignment.key}.{_SUFFIXES[number % 4]}",
        file_upload_id=fixed_id(f"upload/{name}"),
        in_ras=False,
        original_text_storage_id=storage_id(f"original/{name}"),
        author_id=student_id,
        last_updated=created + timedelta(minutes=2, seconds=3 * number, microseconds=18_220),
    )
    return UploadedEssay(essay, compose(assignment, f"{first} {last}", name))


def _registered(planned: PlannedBatch, created: datetime) -> SeededBatch:
    assignment = BY_COURSE[planned.course]
    return SeededBatch(
        batch_id=planned.batch_id,
        user_id=planned.owner.user_id,
        situation=planned.situation,
        status=BatchStatus.AWAITING_CONTENT_VALIDATION,
        class_id=class_id(planned.class_key) if planned.class_key else None,
        course_code=planned.course,
        language=assignment.language,
        essay_count=planned.size,
        created_at=created,
        last_updated=created,
        prompt_storage_id=storage_id(f"prompt/{assignment.key}") if planned.has_prompt else None,
    )


def _associations(
    batch: SeededBatch, pupils: list[SeededStudent], variant: str
) -> list[SeededAssociation]:
    """CMS's matches of essays and pupils: suggestions that wait, and those that its timer confirmed."""
    if batch.class_id is None or batch.situation in WITHOUT_SUGGESTIONS:
        return []
    students = [essay.author_id for essay in batch.essays if essay.author_id is not None]
    confidences = [HIGH_CONFIDENCE] * len(students)
    unknown = next((pupil.student_id for pupil in pupils if pupil.is_synthetic), None)
    if batch.situation is Situation.AWAITING_CONFIRMATION:
        # The first two are swapped, so that a teacher has something to correct.
        first, second, *rest = students
        students = [second, first, *rest[:-_UNMATCHED_IN_REVIEW]]
        confidences[1] = WEAK_CONFIDENCE
        if variant == "unknown" and unknown is not None:
            students[2] = unknown
    elif batch.situation is Situation.TIMED_OUT and unknown is not None:
        students[0] = unknown
    # All rows of a batch come from one insert and share its time.
    matched_at = batch.created_at + _MATCHED
    waits = BASE_DATE - matched_at < timedelta(hours=24)
    return [
        SeededAssociation(
            essay_id=essay.essay_id,
            batch_id=batch.batch_id,
            class_id=batch.class_id,
            student_id=student,
            status="pending_validation" if waits else "confirmed",
            created_at=matched_at,
            confidence_score=confidence,
        )
        for essay, student, confidence in zip(batch.essays, students, confidences, strict=False)
    ]


def _texts(batch: SeededBatch, uploads: list[UploadedEssay]) -> list[StoredText]:
    kept = {essay.essay_id: essay for essay in batch.essays}
    bodies: dict[str, str] = {}
    for upload in uploads:
        if (essay := kept.get(upload.essay.essay_id)) is not None:
            bodies[essay.original_text_storage_id] = upload.text.original
            if essay.spellcheck_corrected_text_storage_id is not None:
                bodies[essay.spellcheck_corrected_text_storage_id] = upload.text.corrected
    # The file service and the spellchecker store texts under this type.
    return [
        StoredText(storage_id=key, content_type="application/octet-stream", body=body)
        for key, body in bodies.items()
    ]


def _legacy_batch() -> SeededBatch:
    """A batch that no service but RAS has."""
    created = BASE_DATE - timedelta(days=400)
    return SeededBatch(
        batch_id=LEGACY_BATCH_ID,
        user_id=fixed_id("person/legacy-import"),
        situation=Situation.DONE,
        status=BatchStatus.COMPLETED_SUCCESSFULLY,
        course_code="SV1",
        language="sv",
        essay_count=2,
        completed_essay_count=2,
        created_at=created,
        last_updated=created,
    )


def _bos_only_batch() -> SeededBatch:
    """A batch that has just been registered, of which RAS has no row yet."""
    return SeededBatch(
        batch_id=BOS_ONLY_BATCH_ID,
        user_id=ANNA.user_id,
        situation=Situation.NOT_IN_RESULTS,
        status=BatchStatus.AWAITING_CONTENT_VALIDATION,
        course_code="SV1",
        language="sv",
        essay_count=24,
        created_at=BASE_DATE,
        last_updated=BASE_DATE,
    )
