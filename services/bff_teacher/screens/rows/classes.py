"""Classes of CMS as rows, with the activity counted over the teacher's newest batches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import Class, ClassInfos
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.class_list_v1 import TeacherClassV1
from services.bff_teacher.ports import Classes, Results
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import combined
from services.bff_teacher.screens.rows.batches import as_utc_or_none, visible_batches
from services.bff_teacher.screens.rows.rosters import StudentCounts
from services.bff_teacher.screens.states import BatchStates, StateReads


@dataclass(frozen=True, slots=True)
class ClassActivity:
    """Batches of a class among the newest, those that need the teacher, and the last change.

    `needs_attention` is None when it is not known of one of them.
    """

    recent_batches: int
    needs_attention: int | None
    last_activity_at: datetime | None


NO_ACTIVITY = ClassActivity(recent_batches=0, needs_attention=0, last_activity_at=None)


@dataclass(frozen=True, slots=True)
class Activity:
    """Activity by class id in lower case, and what was read for it beside RAS and CMS's classes."""

    by_class: Mapping[str, ClassActivity]
    states: BatchStates


async def read_activity(
    results: Results, classes: Classes, states: StateReads, ctx: RequestContext
) -> Fetched[Activity]:
    """The activity of the caller's classes.

    CMS knows the class of a batch by its matches. So only unfinished batches with a class can have
    a match to review, and only of these the state is read.

    Raises:
        DownstreamError: RAS or CMS failed.
    """
    newest = await results.newest(ctx)
    rows = visible_batches(newest.value, ctx.user_id)
    infos = await classes.of_batches(ctx, [row.batch_id for row in rows])
    unfinished = [
        row
        for row in rows
        if infos.value.get(row.batch_id.lower()) and row.processing_completed_at is None
    ]
    read = await states.read(ctx, unfinished)
    activity = Activity(count_activity(rows, infos.value, read), read)
    return combined(activity, (newest, infos))


def count_activity(
    rows: Iterable[BatchSummary], infos: ClassInfos, states: BatchStates
) -> dict[str, ClassActivity]:
    """Count rows by class. A row without a class is not counted."""
    by_class: dict[str, list[BatchSummary]] = {}
    for row in rows:
        info = infos.get(row.batch_id.lower())
        if info is not None:
            by_class.setdefault(info.class_id.lower(), []).append(row)
    return {
        class_id: ClassActivity(
            recent_batches=len(own),
            needs_attention=_count_known([states.truth_of(row).needs_attention for row in own]),
            last_activity_at=as_utc(max(row.last_updated for row in own)),
        )
        for class_id, own in by_class.items()
    }


def _count_known(needs: Sequence[bool | None]) -> int | None:
    return None if None in needs else sum(map(bool, needs))


def class_rows(
    classes: Iterable[Class], counts: StudentCounts | None, activity: Activity | None
) -> list[TeacherClassV1]:
    """Each class with a UUID once; `counts` and `activity` are None while they are not known."""
    unique = {one.id: one for one in classes if is_uuid(one.id)}
    rows = []
    for class_id, one in unique.items():
        own = activity.by_class.get(class_id.lower(), NO_ACTIVITY) if activity else None
        rows.append(
            TeacherClassV1(
                class_id=class_id,
                name=one.name,
                course_code=one.course_code,
                student_count=(counts or {}).get(class_id),
                created_at=as_utc_or_none(one.created_at),
                recent_batches=own.recent_batches if own else None,
                needs_attention=own.needs_attention if own else None,
                last_activity_at=own.last_activity_at if own else None,
            )
        )
    return rows
