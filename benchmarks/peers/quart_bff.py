"""The screens on the same libraries without the kernel: Quart, Hypercorn, aiohttp, msgspec, pydantic.

It reads the same parts, joins them with the same pure functions and writes the same responses. The
difference to ours is the cost of identity, policies, metrics and logs.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
import msgspec
from pydantic import BaseModel, TypeAdapter
from quart import Quart, Response, request

from benchmarks.peers import engines
from bff_core.composition import Fetched
from bff_core.context import UserId
from services.bff_teacher.contracts.bos import PipelineState
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    Roster,
    StudentOfEssay,
)
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary, BatchWithEssays, OwnedEssay
from services.bff_teacher.dto.associations_v1 import StudentAssociationListV1
from services.bff_teacher.dto.batch_detail_v1 import TeacherBatchDetailV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ownership import real_students
from services.bff_teacher.screens import associations, batch_detail, dashboard, essay
from services.bff_teacher.screens.parts import read_each
from services.bff_teacher.screens.rows.classes import ClassMember, OwnStudents
from services.bff_teacher.screens.rows.pages import FoundBatches, visible_batches
from services.bff_teacher.screens.states import BatchStates, may_run, may_wait
from services.bff_teacher.truth.facts import Matching
from services.bff_teacher.truth.sources import matching_of_rows, oldest_of

T = TypeVar("T")
UPSTREAM = os.environ["UPSTREAM"]
app = Quart(__name__)
state: dict[str, Any] = {}


def _reader(kind: type[T]) -> Callable[[str], Any]:
    decode = msgspec.json.Decoder(kind).decode

    async def read(path: str) -> Fetched[T]:
        async with state["session"].get(UPSTREAM + path) as response:
            response.raise_for_status()
            return Fetched(decode(await response.read()))

    return read


read_page = _reader(BatchPage)
read_class_infos = _reader(ClassInfos)
read_batch = _reader(BatchWithEssays)
read_phases = _reader(PipelineState)
read_essay = _reader(OwnedEssay)
read_student_names = _reader(list[StudentOfEssay])
read_student_name = _reader(StudentOfEssay)
read_file_state = _reader(FileState)
read_associations = _reader(AssociationPage)
read_classes = _reader(ClassPage)
read_roster = _reader(Roster)


async def read_text(storage_id: str) -> Fetched[str]:
    async with state["session"].get(f"{UPSTREAM}/v1/content/{storage_id}") as response:
        response.raise_for_status()
        return Fetched((await response.read()).decode())


def _writer(model: type[BaseModel]) -> Callable[[BaseModel], Response]:
    dump = TypeAdapter(model).dump_json
    return lambda dto: Response(dump(dto), content_type="application/json")


write_dashboard = _writer(TeacherClassDashboardV1)
write_batch = _writer(TeacherBatchDetailV1)
write_essay = _writer(TeacherEssayFeedbackV1)
write_associations = _writer(StudentAssociationListV1)


async def read_states(rows: Sequence[BatchSummary], *, finished: bool = False) -> BatchStates:
    """Phases of what may run, or of all with `finished`, and matches of what has not begun."""
    running = [row.batch_id for row in rows if finished or may_run(row)]
    phases = await read_each(
        running, lambda one: read_phases(f"/internal/v1/batches/{one}/pipeline-state")
    )
    waiting = [row.batch_id for row in rows if may_wait(row, phases)]
    return BatchStates(phases, await read_each(waiting, read_matching))


async def read_matching(batch_id: str) -> Fetched[Matching | None]:
    page = await read_associations(f"/v1/batches/{batch_id}/student-associations")
    matching = matching_of_rows(page.value, oldest_of(page.value), (), datetime.now(UTC))
    return Fetched(matching)


@app.get("/v1/teacher/dashboard")
async def get_dashboard() -> Response:
    user = request.headers["X-User-ID"]
    query = DashboardQuery.model_validate(request.args.to_dict())
    of_user = f"/internal/v1/batches/user/{user}"
    page = await read_page(f"{of_user}?limit={query.limit}&offset={query.offset}")
    rows = visible_batches(page.value, UserId(user))
    ids = ",".join(row.batch_id for row in rows)
    async with asyncio.TaskGroup() as group:
        states = group.create_task(read_states(rows))
        infos = group.create_task(
            read_class_infos(f"/internal/v1/batches/class-info?batch_ids={ids}")
        )
    total = page.value.pagination.total
    found = FoundBatches(rows, total, has_more=query.offset + query.limit < total, skipped=0)
    parts = dashboard.DashboardParts(
        page.holding(found), states.result(), class_names=infos.result()
    )
    return write_dashboard(dashboard.render(query, parts))


@app.get("/v1/teacher/batches/<batch_id>")
async def get_batch(batch_id: str) -> Response:
    batch = await read_batch(f"/internal/v1/batches/{batch_id}/status")
    async with asyncio.TaskGroup() as group:
        info = group.create_task(
            read_class_infos(f"/internal/v1/batches/class-info?batch_ids={batch_id}")
        )
        names = group.create_task(
            read_student_names(f"/internal/v1/batches/{batch_id}/student-names")
        )
        lock = group.create_task(read_file_state(f"/v1/files/batch/{batch_id}/state"))
        states = group.create_task(read_states([batch.value], finished=True))
    parts = batch_detail.BatchDetailParts(
        batch, states.result(), info.result(), names.result(), lock.result()
    )
    return write_batch(batch_detail.render(parts, LanguageV1.SWEDISH))


@app.get("/v1/teacher/batches/<batch_id>/essays/<essay_id>")
async def get_essay(batch_id: str, essay_id: str) -> Response:
    path = f"/internal/v1/batches/{batch_id}"
    async with asyncio.TaskGroup() as group:
        one = group.create_task(read_essay(f"{path}/essays/{essay_id}"))
        batch = group.create_task(read_batch(f"{path}/status"))
    found, order = one.result(), batch.result()
    stored, prompt_id = (
        found.value.spellcheck_corrected_text_storage_id,
        order.value.prompt_storage_id,
    )
    async with asyncio.TaskGroup() as group:
        text = group.create_task(read_text(stored))
        prompt = group.create_task(read_text(prompt_id))
        student = group.create_task(
            read_student_name(f"/internal/v1/associations/essay/{essay_id}")
        )
    parts = essay.EssayParts(found, order, text.result(), prompt.result(), student.result())
    return write_essay(essay.render(batch_id, parts, LanguageV1.SWEDISH))


@app.get("/v1/teacher/batches/<batch_id>/associations")
async def get_associations(batch_id: str) -> Response:
    batch = await read_batch(f"/internal/v1/batches/{batch_id}/status")
    user = request.headers["X-User-ID"]
    rows = await read_associations(f"/v1/batches/{batch_id}/student-associations")
    return write_associations(associations.render(batch, rows, await _students(user), batch))


async def _students(user: str) -> Fetched[OwnStudents]:
    """Students by id, cached per user as ours caches them."""
    if user not in state:
        found: dict[str, ClassMember] = {}
        for one in (await read_classes("/v1/classes/?limit=100&offset=0")).value.classes:
            roster = (await read_roster(f"/v1/classes/{one.id}/roster")).value
            found |= {
                student.student_id: ClassMember(student, one) for student in real_students(roster)
            }
        state[user] = Fetched(OwnStudents(found))
    students: Fetched[OwnStudents] = state[user]
    return students


@app.before_serving
async def open_session() -> None:
    state["session"] = aiohttp.ClientSession()


@app.after_serving
async def close_session() -> None:
    await state["session"].close()


if __name__ == "__main__":
    engines.run(app)
