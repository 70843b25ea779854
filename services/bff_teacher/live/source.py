"""Reads the state of a topic from the screens, without names of pupils.

The state is stored in the shared Redis, where names of pupils are not allowed. Essays are stored
without their file name, which often contains the pupil's name, and with the student's id only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from pydantic import TypeAdapter

from bff_core.composition import PartV1
from bff_core.context import RequestContext
from services.bff_teacher.dto.batch_detail_v1 import TeacherBatchDetailV1
from services.bff_teacher.dto.class_dashboard_v1 import (
    DashboardBatchV1,
    DashboardQuery,
    TeacherClassDashboardV1,
)
from services.bff_teacher.live.merge_patch import JsonObject
from services.bff_teacher.live.state import Batches, StreamTopic
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.dashboard import DashboardScreen

LIST_LENGTH = 50
"""Batches that a followed list contains, newest first."""

_PERSONAL_ESSAY_FIELDS: Mapping[str, set[str] | bool] = {
    "student": {"first_name", "last_name"},
    "filename": True,
}
_FIELDS_OF_PART = {
    "class_names": ("class_id", "class_name"),
    "class_name": ("class_id", "class_name"),
    "file_state": ("file_state", "current_phase"),
}
_DASHBOARD_BATCH = TypeAdapter(DashboardBatchV1)


@dataclass(frozen=True, slots=True)
class StreamState:
    """The result of a read; `missing` names the optional parts that could not be read."""

    batches: Batches
    missing: frozenset[str] = frozenset()


class StreamSource(Protocol):
    async def read(self, ctx: RequestContext, topic: StreamTopic) -> StreamState:
        """The current state of the topic.

        Raises:
            NotFound: The batch does not exist, or not yet.
            NotAuthorized: The batch belongs to another user.
            DownstreamError: A required part could not be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScreenSource:
    """Reads through the screens; the reads of their clients replace the cached ones."""

    dashboard: DashboardScreen
    detail: BatchDetailScreen

    async def read(self, ctx: RequestContext, topic: StreamTopic) -> StreamState:
        if topic.batch_id is None:
            query = DashboardQuery(limit=LIST_LENGTH, status=None, offset=0)
            return list_state(await self.dashboard.load(ctx, query))
        return detail_state((await self.detail.load(ctx, topic.batch_id)).body)


def list_state(dashboard: TeacherClassDashboardV1) -> StreamState:
    """The batches of a dashboard page."""
    rows = (
        _DASHBOARD_BATCH.dump_python(row, mode="json", exclude_none=True)
        for row in dashboard.batches
    )
    return StreamState({row["batch_id"]: row for row in rows}, _missing_parts(dashboard.parts))


def detail_state(detail: TeacherBatchDetailV1) -> StreamState:
    """One batch with `essays` as an object by essay id."""
    fields: JsonObject = detail.model_dump(
        mode="json", exclude={"parts", "essays"}, exclude_none=True
    )
    fields["essays"] = {
        str(essay.essay_id): essay.model_dump(
            mode="json", exclude=_PERSONAL_ESSAY_FIELDS, exclude_none=True
        )
        for essay in detail.essays
    }
    return StreamState({str(detail.batch_id): fields}, _missing_parts(detail.parts))


def keep_fields_of_missing_parts(fetched: StreamState, before: Batches) -> Batches:
    """The fetched batches; fields of missing parts keep their value from `before`."""
    if not fetched.missing:
        return fetched.batches
    kept_fields = [name for part in fetched.missing for name in _FIELDS_OF_PART.get(part, ())]
    batches: Batches = {}
    for batch_id, fields in fetched.batches.items():
        former = before.get(batch_id, {})
        batches[batch_id] = {name: former[name] for name in kept_fields if name in former} | fields
        if "student_names" in fetched.missing and "essays" in former and "essays" in fields:
            batches[batch_id]["essays"] = _with_former_students(
                # Both are objects of objects: detail_state wrote them.
                cast("dict[str, JsonObject]", fields["essays"]),
                cast("dict[str, JsonObject]", former["essays"]),
            )
    return batches


def _with_former_students(
    essays: dict[str, JsonObject], former: dict[str, JsonObject]
) -> JsonObject:
    merged: JsonObject = {}
    for essay_id, essay in essays.items():
        before = former.get(essay_id, {})
        merged[essay_id] = {"student": before["student"]} | essay if "student" in before else essay
    return merged


def _missing_parts(parts: Iterable[PartV1]) -> frozenset[str]:
    return frozenset(part.name for part in parts if part.status == "missing")
