"""The whole demo platform in memory, built from the plan: no clock, no randomness of the machine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random

from devstack.seed.assignments import BY_COURSE
from devstack.seed.classes import build_classes, class_id
from devstack.seed.dates import BASE_DATE
from devstack.seed.drafts import Draft, authors_of, drafts_of, members_of
from devstack.seed.ids import fixed_id, storage_id
from devstack.seed.matches import associations_of
from devstack.seed.model import (
    Association,
    Batch,
    Dataset,
    SchoolClass,
    StoredText,
    Student,
)
from devstack.seed.people import ANNA, PEOPLE
from devstack.seed.plan import PLAN, PlannedBatch
from devstack.seed.progress import Progress, progress_of
from devstack.seed.statuses import BatchStatus

LEGACY_OWNER_ID = fixed_id("person/legacy-import")
# RAS keeps ids as plain text: an old import left one that is no UUID.
LEGACY_BATCH_ID = "legacy-batch-0001"
BOS_ONLY_BATCH_ID = fixed_id("batch/known-to-bos-only")
_SPACING = timedelta(days=1, hours=14, minutes=23)


@dataclass(frozen=True, slots=True)
class _School:
    """Classes and pupils, found by id."""

    classes: dict[str, SchoolClass]
    students: dict[str, Student]

    def members(self, planned: PlannedBatch) -> list[Student]:
        key = planned.class_key
        return members_of(self.classes[class_id(key)] if key else None, self.students)


@dataclass(frozen=True, slots=True)
class _Built:
    batch: Batch
    associations: list[Association]
    texts: list[StoredText]


@cache
def load_dataset() -> Dataset:
    """The same value in every process; what `python -m devstack.seed` writes down."""
    classes, students = build_classes()
    school = _School({c.class_id: c for c in classes}, {s.student_id: s for s in students})
    moments = _moments()
    built = [_build(one, school, at) for one, at in zip(PLAN, moments, strict=True)]
    return Dataset(
        base_date=BASE_DATE,
        people=PEOPLE,
        classes=tuple(classes),
        students=tuple(students),
        batches=tuple(one.batch for one in built),
        stray_batches=(_legacy_batch(),),
        associations=tuple(row for one in built for row in one.associations),
        texts=(*_prompts(), *(text for one in built for text in one.texts)),
        bos_only={BOS_ONLY_BATCH_ID: ANNA.user_id},
    )


def _moments() -> list[datetime]:
    moments: list[datetime] = []
    for index, planned in enumerate(PLAN):
        moment = BASE_DATE - timedelta(minutes=184) - index * _SPACING
        fresh = moment.replace(microsecond=(index * 103_311) % 1_000_000)
        moments.append(moments[-1] if planned.variant == "same-time" else fresh)
    return moments


def _build(planned: PlannedBatch, school: _School, created: datetime) -> _Built:
    random = Random(f"batch/{planned.key}")
    members = school.members(planned)
    drafts = drafts_of(planned, authors_of(planned, members, random), created)
    uploaded = [] if planned.variant == "empty" else drafts
    progress = progress_of(planned, uploaded, created, random)
    batch = _batch(planned, progress, created)
    associations = associations_of(batch, members, planned.variant)
    return _Built(batch, associations, _texts(batch, uploaded))


def _batch(planned: PlannedBatch, progress: Progress, created: datetime) -> Batch:
    assignment = BY_COURSE[planned.course]
    changes = [created, *(one.last_updated for one in progress.essays if one.in_ras)]
    return Batch(
        batch_id=fixed_id(f"batch/{planned.key}"),
        user_id=planned.owner.user_id,
        status=planned.status,
        # RAS learns the assignment with the assessment's result, never before.
        assignment_id=assignment.key if progress.assessed else None,
        class_id=class_id(planned.class_key) if planned.class_key else None,
        language=assignment.language,
        essay_count=planned.size,
        completed_essay_count=progress.completed,
        failed_essay_count=progress.failed,
        created_at=created,
        last_updated=progress.ended or progress.started or max(changes),
        processing_started_at=progress.started,
        processing_completed_at=progress.ended,
        prompt_storage_id=storage_id(f"prompt/{assignment.key}") if planned.has_prompt else None,
        essays=tuple(progress.essays),
        phases=progress.phases,
    )


def _texts(batch: Batch, drafts: list[Draft]) -> list[StoredText]:
    kept = {essay.essay_id: essay for essay in batch.essays}
    mine = [draft for draft in drafts if draft.essay.essay_id in kept]
    corrected = [
        draft.corrected()
        for draft in mine
        if kept[draft.essay.essay_id].spellcheck_corrected_text_storage_id
    ]
    return [*(draft.original() for draft in mine), *corrected]


def _prompts() -> list[StoredText]:
    return [
        StoredText(
            storage_id=storage_id(f"prompt/{one.key}"),
            content_type="text/plain; charset=utf-8",
            body=one.prompt,
        )
        for one in BY_COURSE.values()
    ]


def _legacy_batch() -> Batch:
    created = BASE_DATE - timedelta(days=400)
    return Batch(
        batch_id=LEGACY_BATCH_ID,
        user_id=LEGACY_OWNER_ID,
        status=BatchStatus.COMPLETED_SUCCESSFULLY,
        assignment_id=None,
        class_id=None,
        language="sv",
        essay_count=2,
        completed_essay_count=2,
        failed_essay_count=0,
        created_at=created,
        last_updated=created,
        processing_started_at=None,
        processing_completed_at=None,
        prompt_storage_id=None,
        essays=(),
        phases=(),
    )
