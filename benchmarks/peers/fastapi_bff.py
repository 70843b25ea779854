"""The dashboard in the most common stack: FastAPI, httpx, pydantic, uvicorn.

It reads RAS, then CMS for the class names, and joins. It has no token, policies, metrics or cache.
"""

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


class Item(BaseModel):
    batch_id: str
    title: str
    class_name: str | None
    status: str
    total_essays: int
    completed_essays: int
    created_at: datetime


class Dashboard(BaseModel):
    batches: list[Item]
    total_count: int
    limit: int
    offset: int


UPSTREAM = os.environ["UPSTREAM"]
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
    client = state["client"]
    response = await client.get(
        f"/internal/v1/batches/user/{x_user_id}", params={"limit": limit, "offset": offset}
    )
    response.raise_for_status()
    page = Page.model_validate(response.json())
    ids = ",".join(batch.batch_id for batch in page.batches)
    names = await client.get("/internal/v1/batches/class-info", params={"batch_ids": ids})
    names.raise_for_status()
    infos = {key: ClassInfo.model_validate(value) for key, value in names.json().items() if value}
    return Dashboard(
        batches=[_item(batch, infos.get(batch.batch_id)) for batch in page.batches],
        total_count=page.pagination.total,
        limit=limit,
        offset=offset,
    )


def _item(batch: Batch, info: ClassInfo | None) -> Item:
    return Item(
        batch_id=batch.batch_id,
        title=batch.assignment_id or "Untitled Batch",
        class_name=info.class_name if info else None,
        status=batch.overall_status,
        total_essays=batch.essay_count,
        completed_essays=batch.completed_essay_count,
        created_at=batch.created_at,
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
