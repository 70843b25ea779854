"""From what the screens answer to the state of a topic, which holds no name of a pupil.

The state lies in the shared Redis, where names of pupils must not be: an essay is without its file
name, which often is one, and its student is an id. The batch's own screen has both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter

from bff_core.composition import PartV1
from services.bff_teacher.dto.batch_detail_v1 import BatchEssayV1, TeacherBatchDetailV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1, TeacherClassDashboardV1
from services.bff_teacher.streaming.differ import Batches
from services.bff_teacher.streaming.json_patch import JsonObject

_NAMED: Mapping[str, set[str] | bool] = {
    "student": {"first_name", "last_name"},
    "filename": True,
}
_ROW = TypeAdapter(DashboardBatchV1)
_OF_CLASS = ("class_id", "class_name")
_OF_FILES = ("file_state", "current_phase")


@dataclass(frozen=True, slots=True)
class StreamState:
    """What a read brought; `missing` names the optional parts that it could not have."""

    batches: Batches
    missing: frozenset[str] = frozenset()


def list_state(dashboard: TeacherClassDashboardV1) -> StreamState:
    """The batches of a dashboard's page."""
    rows = (_ROW.dump_python(row, mode="json", exclude_none=True) for row in dashboard.batches)
    return StreamState({row["batch_id"]: row for row in rows}, _missing(dashboard.parts))


def detail_state(detail: TeacherBatchDetailV1) -> StreamState:
    """One batch, its essays by their ids."""
    fields: JsonObject = detail.model_dump(
        mode="json", exclude={"parts", "essays"}, exclude_none=True
    )
    fields["essays"] = {str(essay.essay_id): _essay(essay) for essay in detail.essays}
    return StreamState({str(detail.batch_id): fields}, _missing(detail.parts))


def carried_over(fetched: StreamState, before: Batches) -> Batches:
    """The state after a read: what a missing part would have said stays as it was."""
    if not fetched.missing:
        return fetched.batches
    return {
        batch_id: _with_former(fields, before.get(batch_id, {}), fetched.missing)
        for batch_id, fields in fetched.batches.items()
    }


def _essay(essay: BatchEssayV1) -> JsonObject:
    fields: JsonObject = essay.model_dump(mode="json", exclude=_NAMED, exclude_none=True)
    return fields


def _missing(parts: Iterable[PartV1]) -> frozenset[str]:
    return frozenset(part.name for part in parts if part.status == "missing")


def _with_former(fields: JsonObject, former: JsonObject, missing: frozenset[str]) -> JsonObject:
    kept: list[str] = []
    if missing & {"class_names", "class_name"}:
        kept += _OF_CLASS
    if "file_state" in missing:
        kept += _OF_FILES
    result = {name: former[name] for name in kept if name in former} | fields
    if "student_names" in missing and "essays" in former and "essays" in fields:
        # Both are objects of objects: this module wrote them.
        essays = cast("dict[str, JsonObject]", fields["essays"])
        result["essays"] = _with_students(essays, cast("dict[str, JsonObject]", former["essays"]))
    return result


def _with_students(essays: dict[str, JsonObject], former: dict[str, JsonObject]) -> JsonObject:
    kept: JsonObject = {}
    for essay_id, essay in essays.items():
        before = former.get(essay_id, {})
        kept[essay_id] = {"student": before["student"]} | essay if "student" in before else essay
    return kept
