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
    "file_state": ("file_state",),
}
_PARTS_OF_STATE = frozenset({"phases", "validation"})
_FIELDS_OF_STATE = (
    "status",
    "status_source",
    "is_final",
    "completed_at",
    "processing_phase",
    "phases",
    "progress_percent",
    "attention",
    "deviation_count",
    "auto_confirm_deadline",
    "waits_for",
    "placed_files",
    "rejected_files",
    "start_denied",
    "actions",
)
_ALWAYS_THERE = frozenset({"is_final", "actions"})
"""Fields of the state that a batch has without a status, too."""
_REPLACED_FIELDS_OF_PART = {"titles": ("title", "title_source")}
"""Fields that another source fills while the part is missing."""
_DASHBOARD_BATCH = TypeAdapter(DashboardBatchV1)


@dataclass(frozen=True, slots=True)
class StreamState:
    """The result of a read; `missing` names the optional parts that could not be read."""

    batches: Batches
    missing: frozenset[str] = frozenset()

    @property
    def has_unfinished(self) -> bool:
        """True if a batch may change without anybody's doing."""
        return any(fields.get("is_final") is False for fields in self.batches.values())


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
    kept_fields = _fields_of(fetched.missing, _FIELDS_OF_PART)
    replaced_fields = _fields_of(fetched.missing, _REPLACED_FIELDS_OF_PART)
    batches: Batches = {}
    for batch_id, fields in fetched.batches.items():
        former = before.get(batch_id, {})
        batches[batch_id] = _picked(former, kept_fields) | fields | _picked(former, replaced_fields)
        if fetched.missing & _PARTS_OF_STATE and "status" not in fields:
            # A part is missing as soon as one batch's is; without a status it is this batch's.
            batches[batch_id] |= _former_state(fields, former)
        if "student_names" in fetched.missing and "essays" in former and "essays" in fields:
            batches[batch_id]["essays"] = _with_former_students(
                # Both are objects of objects: detail_state wrote them.
                cast("dict[str, JsonObject]", fields["essays"]),
                cast("dict[str, JsonObject]", former["essays"]),
            )
    return batches


def _fields_of(parts: Iterable[str], fields: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [name for part in parts for name in fields.get(part, ())]


def _picked(fields: JsonObject, names: Iterable[str]) -> JsonObject:
    return {name: fields[name] for name in names if name in fields}


def _former_state(fields: JsonObject, former: JsonObject) -> JsonObject:
    """The former state, where it is not known anew."""
    return {
        name: former[name]
        for name in _FIELDS_OF_STATE
        if name in former and (name not in fields or name in _ALWAYS_THERE)
    }


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
