"""The dashboard in the most common stack: FastAPI, httpx, pydantic, uvicorn.

It reads RAS, then CMS for the class names, BOS for the phases of batches that may run and CMS for
the matches of those that have not begun, and joins. It has no token, policies, metrics or cache.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel


class Essay(BaseModel):
    essay_id: str
    filename: str | None
    file_upload_id: str | None
    spellcheck_status: str | None
    spellcheck_correction_count: int | None
    spellcheck_corrected_text_storage_id: str | None
    spellcheck_error_detail: dict[str, Any] | None
    cj_assessment_status: str | None
    cj_rank: int | None
    cj_score: float | None
    cj_assessment_error_detail: dict[str, Any] | None
    last_updated: datetime


class Batch(BaseModel):
    batch_id: str
    user_id: str
    assignment_id: str | None
    overall_status: str
    essay_count: int
    completed_essay_count: int
    failed_essay_count: int
    requested_pipeline: str | None
    current_phase: str | None
    essays: list[Essay]
    created_at: datetime
    last_updated: datetime
    processing_started_at: datetime | None
    processing_completed_at: datetime | None


class Pagination(BaseModel):
    limit: int
    offset: int
    total: int


class Page(BaseModel):
    batches: list[Batch]
    pagination: Pagination


class ClassInfo(BaseModel):
    class_id: str
    class_name: str


class Phase(BaseModel):
    status: str
    started_at: datetime | None
    completed_at: datetime | None


class Phases(BaseModel):
    spellcheck: Phase | None = None
    nlp: Phase | None = None
    ai_feedback: Phase | None = None
    cj_assessment: Phase | None = None


class PipelineState(BaseModel):
    batch_id: str
    pipeline_state: Phases


class Match(BaseModel):
    essay_id: str
    suggested_student_id: str | None
    confidence_score: float | None
    created_at: datetime


class Matches(BaseModel):
    associations: list[Match]


class Item(BaseModel):
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


class Dashboard(BaseModel):
    batches: list[Item]
    total_count: int
    limit: int
    offset: int


UPSTREAM = os.environ["UPSTREAM"]
NOT_BEGUN = frozenset({"requested_by_user", "pending_dependencies", "skipped_by_user_config"})
State = tuple[dict[str, str] | None, int | None]
state: dict[str, httpx.AsyncClient] = {}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=UPSTREAM, timeout=3.0) as client:
        state["client"] = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/v1/teacher/dashboard")
async def dashboard(
    x_user_id: Annotated[str, Header()], limit: int = 20, offset: int = 0
) -> Dashboard:
    query = {"limit": limit, "offset": offset}
    page = Page.model_validate(await _get(f"/internal/v1/batches/user/{x_user_id}", query))
    ids = {"batch_ids": ",".join(batch.batch_id for batch in page.batches)}
    names, *states = await asyncio.gather(  # noqa: TID251  # as its users write it
        _get("/internal/v1/batches/class-info", ids), *(_state(batch) for batch in page.batches)
    )
    infos = {key: ClassInfo.model_validate(value) for key, value in names.items() if value}
    return Dashboard(
        batches=[
            _item(batch, infos.get(batch.batch_id), *state)
            for batch, state in zip(page.batches, states, strict=True)
        ],
        total_count=page.pagination.total,
        limit=limit,
        offset=offset,
    )


async def _get(path: str, query: dict[str, Any] | None = None) -> Any:
    response = await state["client"].get(path, params=query)
    response.raise_for_status()
    return response.json()


async def _state(batch: Batch) -> State:
    if batch.processing_completed_at is not None:
        return None, None
    path = f"/internal/v1/batches/{batch.batch_id}/pipeline-state"
    found = PipelineState.model_validate(await _get(path)).pipeline_state
    phases = {name: phase.status for name, phase in found if phase}
    if not NOT_BEGUN.issuperset(phases.values()):
        return phases, None
    path = f"/v1/batches/{batch.batch_id}/student-associations"
    return phases, len(Matches.model_validate(await _get(path)).associations)


def _item(
    batch: Batch, info: ClassInfo | None, phases: dict[str, str] | None, pending: int | None
) -> Item:
    return Item(
        batch_id=batch.batch_id,
        title=batch.assignment_id or "Untitled Batch",
        class_id=info.class_id if info else None,
        class_name=info.class_name if info else None,
        status=batch.overall_status,
        phases=phases,
        pending_matches=pending,
        total_essays=batch.essay_count,
        completed_essays=batch.completed_essay_count,
        failed_essays=batch.failed_essay_count,
        created_at=batch.created_at,
        last_updated=batch.last_updated,
    )


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
    )
