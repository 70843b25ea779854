"""The dashboard with aiohttp alone, as server and client, and msgspec: the floor of its cost.

It reads what ours reads: RAS, then the class names, the phases of batches that may run, and the
matches of those that have not begun. It has no framework, no token, no policies and no metrics,
and passes the services' own words on. With CACHE_NAMES it caches class names.
"""

import asyncio
import os
from datetime import datetime

import aiohttp
import msgspec
import uvloop
from aiohttp import web

from services.bff_teacher.contracts.bos import PHASES, PipelineState
from services.bff_teacher.contracts.cms import AssociationPage, ClassInfo, ClassInfos
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary

UPSTREAM = os.environ["UPSTREAM"]
CACHE_NAMES = bool(os.environ.get("CACHE_NAMES"))
NOT_BEGUN = frozenset({"requested_by_user", "pending_dependencies", "skipped_by_user_config"})
SESSION = web.AppKey("session", aiohttp.ClientSession)
cached_names: dict[str, bytes] = {}

decode_page = msgspec.json.Decoder(BatchPage).decode
decode_infos = msgspec.json.Decoder(ClassInfos).decode
decode_phases = msgspec.json.Decoder(PipelineState).decode
decode_matches = msgspec.json.Decoder(AssociationPage).decode
encode = msgspec.json.Encoder().encode


class Item(msgspec.Struct):
    batch_id: str
    title: str
    class_id: str | None
    class_name: str | None
    status: str
    phases: dict[str, str] | None
    pending_matches: int | None
    total_essays: int
    completed_essays: int
    failed_essays: int
    created_at: datetime
    last_updated: datetime


class Dashboard(msgspec.Struct):
    batches: list[Item]
    total_count: int
    limit: int
    offset: int


State = tuple[dict[str, str] | None, int | None]
"""The phases of a batch and the number of matches that wait."""


def _item(batch: BatchSummary, info: ClassInfo | None, state: asyncio.Task[State] | None) -> Item:
    return Item(
        batch.batch_id,
        batch.assignment_id or "Untitled Batch",
        info.class_id if info else None,
        info.class_name if info else None,
        batch.overall_status,
        *(state.result() if state else (None, None)),
        batch.essay_count,
        batch.completed_essay_count,
        batch.failed_essay_count,
        batch.created_at,
        batch.last_updated,
    )


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as response:
        response.raise_for_status()
        return await response.read()


async def _class_names(session: aiohttp.ClientSession, user: str, ids: str) -> bytes:
    found = cached_names.get(user) if CACHE_NAMES else None
    if found is None:
        found = await _get(session, f"{UPSTREAM}/internal/v1/batches/class-info?batch_ids={ids}")
        cached_names[user] = found
    return found


async def _state(session: aiohttp.ClientSession, batch: BatchSummary) -> State:
    path = f"{UPSTREAM}/internal/v1/batches/{batch.batch_id}/pipeline-state"
    found = decode_phases(await _get(session, path)).pipeline_state
    phases = {name: state.status for name in PHASES if (state := getattr(found, name))}
    if not NOT_BEGUN.issuperset(phases.values()):
        return phases, None
    path = f"{UPSTREAM}/v1/batches/{batch.batch_id}/student-associations"
    return phases, len(decode_matches(await _get(session, path)).associations)


async def dashboard(request: web.Request) -> web.Response:
    session, user = request.app[SESSION], request.headers["X-User-ID"]
    limit, offset = int(request.query.get("limit", 20)), int(request.query.get("offset", 0))
    url = f"{UPSTREAM}/internal/v1/batches/user/{user}?limit={limit}&offset={offset}"
    page = decode_page(await _get(session, url))
    ids = ",".join(batch.batch_id for batch in page.batches)
    async with asyncio.TaskGroup() as group:
        names = group.create_task(_class_names(session, user, ids))
        states = {
            batch.batch_id: group.create_task(_state(session, batch))
            for batch in page.batches
            if batch.processing_completed_at is None
        }
    infos = decode_infos(names.result())
    rows = [
        _item(batch, infos.get(batch.batch_id), states.get(batch.batch_id))
        for batch in page.batches
    ]
    body = encode(Dashboard(rows, page.pagination.total, limit, offset))
    return web.Response(body=body, content_type="application/json")


async def _serve() -> None:
    app = web.Application()
    app.router.add_get("/v1/teacher/dashboard", dashboard)
    async with aiohttp.ClientSession() as session:
        app[SESSION] = session
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"]))
        await site.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
