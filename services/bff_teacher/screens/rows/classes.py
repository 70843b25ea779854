"""Classes of CMS as rows, with the activity counted over the teacher's newest batches."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import Class, ClassInfos
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_status_v1 import NEEDS_ATTENTION
from services.bff_teacher.dto.class_list_v1 import TeacherClassV1
from services.bff_teacher.ports import Classes, Results
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import combined
from services.bff_teacher.screens.rows.batches import as_utc_or_none, visible_batches
from services.bff_teacher.screens.rows.rosters import StudentCounts


@dataclass(frozen=True, slots=True)
class ClassActivity:
    """Batches of a class among the newest, those that need the teacher, and the last change."""

    recent_batches: int
    needs_attention: int
    last_activity_at: datetime | None


NO_ACTIVITY = ClassActivity(recent_batches=0, needs_attention=0, last_activity_at=None)
ActivityByClass = dict[str, ClassActivity]


async def read_activity(
    results: Results, classes: Classes, ctx: RequestContext
) -> Fetched[ActivityByClass]:
    """Activity by class id in lower case. Class names are read after the batches, whose ids they need.

    Raises:
        DownstreamError: RAS or CMS failed.
    """
    async with fan_out() as group:
        read_newest = group.create_task(results.newest(ctx))
        awaiting = await results.awaiting_review(ctx)
    newest = read_newest.result()
    rows = visible_batches(newest.value, ctx.user_id)
    infos = await classes.of_batches(ctx, [row.batch_id for row in rows])
    to_review = {row.batch_id for row in awaiting.value.batches}
    activity = count_activity(rows, infos.value, to_review)
    return combined(activity, (newest, awaiting, infos))


def count_activity(
    rows: Iterable[BatchSummary], infos: ClassInfos, to_review: Collection[str]
) -> ActivityByClass:
    """Count rows by class; `to_review` holds batch ids. A row without a class is not counted."""
    by_class: dict[str, list[BatchSummary]] = {}
    for row in rows:
        info = infos.get(row.batch_id.lower())
        if info is not None:
            by_class.setdefault(info.class_id.lower(), []).append(row)
    return {
        class_id: ClassActivity(
            recent_batches=len(own),
            needs_attention=sum(
                row.overall_status in NEEDS_ATTENTION or row.batch_id in to_review for row in own
            ),
            last_activity_at=as_utc(max(row.last_updated for row in own)),
        )
        for class_id, own in by_class.items()
    }


def class_rows(
    classes: Iterable[Class], counts: StudentCounts | None, activity: ActivityByClass | None
) -> list[TeacherClassV1]:
    """Each class with a UUID once; `counts` and `activity` are None while they are not known."""
    unique = {one.id: one for one in classes if is_uuid(one.id)}
    rows = []
    for class_id, one in unique.items():
        own = None if activity is None else activity.get(class_id.lower(), NO_ACTIVITY)
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
