"""One essay, over RAS's tables in PostgreSQL."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from quart.typing import TestClientProtocol as QuartClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bff_core.client import JsonDecoder
from services.bff_teacher.contracts.ras import OwnedEssay
from services.essay_results.essay_route import blueprint
from tests.contract.platform_routes.conftest import HEADERS, guarded_app

SERVICE = "ras"
OWNER = "5a0c3f0e-8b1d-4c56-9a43-0d6c1e7f2b10"
UPDATED = datetime(2026, 2, 3, 10, 31, 7, 412003)  # noqa: DTZ001 - RAS stores no zone
NOT_FOUND = (404, {"error": "Essay not found"})
pytestmark = pytest.mark.postgres


@pytest.fixture
async def client(engine: AsyncEngine) -> AsyncIterator[QuartClient]:
    app = guarded_app(blueprint, engine)
    async with app.test_app():
        yield app.test_client()


async def add_essay(engine: AsyncEngine, **columns: object) -> tuple[str, str]:
    """Batch and essay id of a new row."""
    batch_id, essay_id = str(uuid4()), str(uuid4())
    row = {"essay_id": essay_id, "batch_id": batch_id, "updated_at": UPDATED, **columns}
    insert = f"INSERT INTO essay_results ({', '.join(row)}) VALUES (:{', :'.join(row)})"
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO batch_results (batch_id, user_id, essay_count) VALUES (:b, :u, 1)"),
            {"b": batch_id, "u": OWNER},
        )
        await connection.execute(text(insert), row)
    return batch_id, essay_id


async def ask(client: QuartClient, batch_id: str, essay_id: str) -> tuple[int, Any]:
    path = f"/internal/v1/batches/{batch_id}/essays/{essay_id}"
    answer = await client.get(path, headers=HEADERS)
    return answer.status_code, await answer.get_json()


async def test_scored_essay_is_what_our_contract_reads(
    client: QuartClient, engine: AsyncEngine
) -> None:
    batch_id, essay_id = await add_essay(
        engine,
        filename="Åke_Öberg_krönika.docx",
        file_upload_id="4e6a8c0e-2a4c-4e6a-8c0e-2a4c6e8a0c2e",
        spellcheck_status="COMPLETED",
        spellcheck_correction_count=4,
        spellcheck_corrected_text_storage_id="00ff11ee22dd33cc44bb55aa66998877",
        cj_assessment_status="COMPLETED",
        cj_rank=7,
        cj_score=-1.25,
    )

    status, body = await ask(client, batch_id, essay_id)
    read = JsonDecoder(OwnedEssay)(json.dumps(body).encode())

    assert (status, set(body)) == (200, set(OwnedEssay.__struct_fields__))
    assert (read.batch_id, read.essay_id, read.user_id) == (batch_id, essay_id, OWNER)
    assert (read.cj_rank, read.cj_score, read.last_updated) == (7, -1.25, UPDATED)
    assert (read.spellcheck_status, read.cj_assessment_status) == ("completed", "completed")


async def test_failed_essay_tells_its_error_without_the_stack_trace(
    client: QuartClient, engine: AsyncEngine
) -> None:
    detail = {"error_code": "SPELLCHECK_SERVICE_ERROR", "stack_trace": "Traceback …"}
    ids = await add_essay(
        engine, spellcheck_status="FAILED", spellcheck_error_detail=json.dumps(detail)
    )

    _, body = await ask(client, *ids)

    assert body["spellcheck_status"] == "failed"
    assert body["spellcheck_error_detail"] == {"error_code": "SPELLCHECK_SERVICE_ERROR"}


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None])
async def test_score_that_json_lacks_is_null(
    client: QuartClient, engine: AsyncEngine, score: float | None
) -> None:
    ids = await add_essay(engine, cj_score=score)

    _, body = await ask(client, *ids)

    assert body["cj_score"] is None


async def test_new_essay_has_nulls_and_no_defaults(
    client: QuartClient, engine: AsyncEngine
) -> None:
    ids = await add_essay(engine)

    _, body = await ask(client, *ids)

    named = {"essay_id", "batch_id", "user_id", "last_updated"}
    assert {body[name] for name in body.keys() - named} == {None}


async def test_essay_of_another_batch_and_unknown_ids_are_not_found(
    client: QuartClient, engine: AsyncEngine
) -> None:
    batch_id, essay_id = await add_essay(engine)
    other_batch, _ = await add_essay(engine)

    assert await ask(client, other_batch, essay_id) == NOT_FOUND
    assert await ask(client, batch_id, "nope") == NOT_FOUND
    assert await ask(client, batch_id, "%00") == NOT_FOUND
    assert await ask(client, "x" * 300, essay_id) == NOT_FOUND


async def test_essay_whose_batch_is_not_registered_yet_is_not_found(
    client: QuartClient, engine: AsyncEngine
) -> None:
    batch_id, essay_id = await add_essay(engine, batch_id=None)

    assert await ask(client, batch_id, essay_id) == NOT_FOUND


async def test_caller_without_the_key_is_refused_by_the_platform_s_guard(
    client: QuartClient,
) -> None:
    answer = await client.get("/internal/v1/batches/a/essays/b")

    assert answer.status_code == 401


async def test_lost_database_is_the_platform_s_500() -> None:
    nowhere = create_async_engine("postgresql+asyncpg://postgres@127.0.0.1:1/none")
    app = guarded_app(blueprint, nowhere)
    async with app.test_app():
        answer = await ask(app.test_client(), "a", "b")

    assert answer == (500, {"error": "Internal server error"})
