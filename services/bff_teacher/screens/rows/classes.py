"""What happens in each class, counted over the teacher's newest batches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import Class, ClassInfos, ClassPage
from services.bff_teacher.contracts.ras import Batch, BatchPage
from services.bff_teacher.dto.batch_status_v1 import NEEDS_ATTENTION
from services.bff_teacher.dto.class_list_v1 import TeacherClassV1
from services.bff_teacher.protocols import Classes, Results
from services.bff_teacher.screens.batch_row import rows_of
from services.bff_teacher.screens.derived import derived
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.rosters import Sizes


@dataclass(frozen=True, slots=True)
class Activity:
    """Of one class: batches among the newest, those that want the teacher, the last change."""

    batches: int
    needs_attention: int
    last_change: datetime | None


QUIET = Activity(0, 0, None)
Activities = dict[str, Activity]


async def read_activity(
    results: Results, classes: Classes, ctx: RequestContext
) -> Fetched[Activities]:
    """Activity by class id. The classes' names come after the batches: they need their ids.

    Raises:
        DownstreamError: RAS or CMS did not answer.
    """
    newest, awaiting = await _newest_and_awaiting(results, ctx)
    rows = rows_of(newest, ctx.user_id)
    infos = await classes.of_batches(ctx, [row.batch_id for row in rows])
    counted = derived(
        f"activity {ctx.user_id}",
        lambda: activities(rows, infos.value, {row.batch_id for row in awaiting.value.batches}),
        newest.value,
        awaiting.value,
        infos.value,
    )
    sources = (newest, awaiting, infos)
    return Fetched(
        counted,
        max(source.age for source in sources),
        any(source.stale for source in sources),
    )


async def _newest_and_awaiting(
    results: Results, ctx: RequestContext
) -> tuple[Fetched[BatchPage], Fetched[BatchPage]]:
    """Side by side; without a task when one of them need not be waited for."""
    at_hand = results.newest_at_hand(ctx)
    if at_hand is not None:
        return at_hand, await results.awaiting_review(ctx)
    async with fan_out() as group:
        newest = group.create_task(results.newest(ctx))
        awaiting = await results.awaiting_review(ctx)
    return newest.result(), awaiting


def activities(rows: Iterable[Batch], infos: ClassInfos, to_review: set[str]) -> Activities:
    """Count rows by the class that `infos` names; a row without one counts nowhere."""
    by_class: dict[str, list[Batch]] = {}
    for row in rows:
        info = infos.get(row.batch_id.lower())
        if info is not None:
            by_class.setdefault(info.class_id, []).append(row)
    return {class_id: _activity(own, to_review) for class_id, own in by_class.items()}


def _activity(rows: list[Batch], to_review: set[str]) -> Activity:
    wanting = [
        row for row in rows if row.overall_status in NEEDS_ATTENTION or row.batch_id in to_review
    ]
    return Activity(len(rows), len(wanting), as_utc(max(row.last_updated for row in rows)))


def class_rows(
    page: ClassPage, most: int, sizes: Sizes | None, activity: Activities | None
) -> list[TeacherClassV1]:
    """The first classes of a page as they are shown, each once; null is what is not known of them."""

    def made() -> list[TeacherClassV1]:
        unique = {one.id: one for one in page.classes[:most] if is_uuid(one.id)}
        return [_class_row(one, (sizes or {}).get(one.id), activity) for one in unique.values()]

    return derived(f"first {most}", made, page, sizes, activity)


def _class_row(one: Class, size: int | None, activity: Activities | None) -> TeacherClassV1:
    own = None if activity is None else activity.get(one.id, QUIET)
    return TeacherClassV1(
        class_id=one.id.lower(),
        name=one.name,
        course_code=one.course_code,
        student_count=size,
        created_at=as_utc(one.created_at) if one.created_at else None,
        recent_batches=own.batches if own else None,
        needs_attention=own.needs_attention if own else None,
        last_activity_at=own.last_change if own else None,
    )
