"""The screens on the same libraries without the kernel: Quart, Hypercorn, aiohttp, msgspec, pydantic.

It asks the same services for the same parts, joins them with the same pure functions and writes the
same answers. What ours costs more than this is what identity, policies, metrics and logs cost.
`/bytes` answers with bytes that are there already.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import msgspec
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from pydantic import BaseModel, TypeAdapter
from quart import Quart, Response, request

from bff_core.composition import Fetched
from bff_core.context import UserId
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    Roster,
    StudentOfEssay,
)
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.ras import BatchPage, BatchWithEssays, OwnedEssay
from services.bff_teacher.dto.associations_v1 import StudentAssociationListV1
from services.bff_teacher.dto.batch_detail_v1 import TeacherBatchDetailV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ownership import real_students
from services.bff_teacher.screens import associations, batch_detail, dashboard, essay
from services.bff_teacher.screens.rows.batches import visible_batches
from services.bff_teacher.screens.rows.rosters import ClassMember

T = TypeVar("T")
UPSTREAM = os.environ["UPSTREAM"]
app = Quart(__name__)
kept: dict[str, Any] = {}


def _reader(kind: type[T]) -> Callable[[str], Any]:
    decode = msgspec.json.Decoder(kind).decode

    async def read(path: str) -> Fetched[T]:
        async with kept["session"].get(UPSTREAM + path) as answer:
            answer.raise_for_status()
            return Fetched(decode(await answer.read()))

    return read


page_at = _reader(BatchPage)
infos_at = _reader(ClassInfos)  # type: ignore[arg-type]  # a dict's alias
batch_at = _reader(BatchWithEssays)
essay_at = _reader(OwnedEssay)
names_at = _reader(list[StudentOfEssay])
name_at = _reader(StudentOfEssay)
state_at = _reader(FileState)
rows_at = _reader(AssociationPage)
classes_at = _reader(ClassPage)
roster_at = _reader(Roster)


async def text_at(storage_id: str) -> Fetched[str]:
    async with kept["session"].get(f"{UPSTREAM}/v1/content/{storage_id}") as answer:
        answer.raise_for_status()
        return Fetched((await answer.read()).decode())


def _written(model: type[BaseModel]) -> Callable[[BaseModel], Response]:
    dump = TypeAdapter(model).dump_json
    return lambda dto: Response(dump(dto), content_type="application/json")


write_dashboard = _written(TeacherClassDashboardV1)
write_batch = _written(TeacherBatchDetailV1)
write_essay = _written(TeacherEssayFeedbackV1)
write_associations = _written(StudentAssociationListV1)


@app.get("/v1/teacher/dashboard")
async def the_dashboard() -> Response:
    user = request.headers["X-User-ID"]
    query = DashboardQuery.model_validate(request.args.to_dict())
    of_user = f"/internal/v1/batches/user/{user}"
    page = await page_at(f"{of_user}?limit={query.limit}&offset={query.offset}")
    rows = visible_batches(page.value, UserId(user))
    ids = ",".join(row.batch_id for row in rows)
    infos = await infos_at(f"/internal/v1/batches/class-info?batch_ids={ids}")
    parts = dashboard.DashboardParts(page, class_names=infos)
    return write_dashboard(dashboard.render(query, rows, parts))


@app.get("/v1/teacher/batches/<batch_id>")
async def the_batch(batch_id: str) -> Response:
    batch = await batch_at(f"/internal/v1/batches/{batch_id}/status")
    async with asyncio.TaskGroup() as group:
        info = group.create_task(infos_at(f"/internal/v1/batches/class-info?batch_ids={batch_id}"))
        names = group.create_task(names_at(f"/internal/v1/batches/{batch_id}/student-names"))
        state = group.create_task(state_at(f"/v1/files/batch/{batch_id}/state"))
    parts = batch_detail.BatchDetailParts(batch, info.result(), names.result(), state.result())
    return write_batch(batch_detail.render(parts, LanguageV1.SWEDISH))


@app.get("/v1/teacher/batches/<batch_id>/essays/<essay_id>")
async def the_essay(batch_id: str, essay_id: str) -> Response:
    at = f"/internal/v1/batches/{batch_id}"
    async with asyncio.TaskGroup() as group:
        one = group.create_task(essay_at(f"{at}/essays/{essay_id}"))
        batch = group.create_task(batch_at(f"{at}/status"))
    found, order = one.result(), batch.result()
    stored, prompt_id = (
        found.value.spellcheck_corrected_text_storage_id,
        order.value.prompt_storage_id,
    )
    async with asyncio.TaskGroup() as group:
        text = group.create_task(text_at(stored))
        prompt = group.create_task(text_at(prompt_id))
        student = group.create_task(name_at(f"/internal/v1/associations/essay/{essay_id}"))
    parts = essay.EssayParts(found, order, text.result(), prompt.result(), student.result())
    return write_essay(essay.render(batch_id, parts, LanguageV1.SWEDISH))


@app.get("/v1/teacher/batches/<batch_id>/associations")
async def the_associations(batch_id: str) -> Response:
    batch = await batch_at(f"/internal/v1/batches/{batch_id}/status")
    user = request.headers["X-User-ID"]
    rows = await rows_at(f"/v1/batches/{batch_id}/student-associations")
    return write_associations(associations.render(batch, rows, await _students(user), batch))


async def _students(user: str) -> Fetched[dict[str, ClassMember]]:
    """Kept, as ours keeps them for a while."""
    if user not in kept:
        found: dict[str, ClassMember] = {}
        for one in (await classes_at("/v1/classes/?limit=100&offset=0")).value.classes:
            roster = (await roster_at(f"/v1/classes/{one.id}/roster")).value
            found |= {
                one_of.student_id: ClassMember(one_of, one) for one_of in real_students(roster)
            }
        kept[user] = Fetched(found)
    reading: Fetched[dict[str, ClassMember]] = kept[user]
    return reading


@app.get("/bytes")
async def the_bytes() -> Response:
    """As long as the dashboard is, and made once."""
    user = request.headers["X-User-ID"]
    if "bytes" not in kept:
        page = await page_at(f"/internal/v1/batches/user/{user}?limit=20&offset=0")
        rows = visible_batches(page.value, UserId(user))
        dto = dashboard.render(DashboardQuery(), rows, dashboard.DashboardParts(page))
        kept["bytes"] = TypeAdapter(TeacherClassDashboardV1).dump_json(dto)
    return Response(kept["bytes"], content_type="application/json")


async def _serve() -> None:
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['PORT']}"]
    config.accesslog = None
    config.backlog = 1024
    async with aiohttp.ClientSession() as session:
        kept["session"] = session
        await serve(app, config)


if __name__ == "__main__":
    uvloop.run(_serve())
