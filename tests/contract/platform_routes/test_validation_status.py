"""The review state of batches, over CMS's table in PostgreSQL."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from quart import Blueprint, Quart
from quart.typing import TestClientProtocol as QuartClient
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bff_core.client import JsonDecoder
from bff_core.server import UnguardedMountError
from services.bff_teacher.contracts.cms import ValidationStatuses
from services.class_validation.validation_status import MAX_BATCHES, blueprint
from tests.contract.platform_routes.conftest import HEADERS, guarded_app

SERVICE = "cms"
PATH = "/internal/v1/batches/validation-status"
NOW = datetime(2026, 2, 3, 9, 5)  # noqa: DTZ001 - CMS stores no zone
pytestmark = pytest.mark.postgres


@pytest.fixture
async def client(engine: AsyncEngine) -> AsyncIterator[QuartClient]:
    app = guarded_app(blueprint, engine)
    async with app.test_app():
        yield app.test_client()


async def add_rows(engine: AsyncEngine, batch_id: UUID, *rows: tuple[str, datetime]) -> None:
    insert = text(
        "INSERT INTO essay_student_associations (essay_id, student_id, batch_id, class_id,"
        " created_by_user_id, created_at, validation_status)"
        " VALUES (:essay, :student, :batch, :class, 'nlp_service_phase1', :at, :status)"
    )
    values = [
        {"essay": uuid4(), "student": uuid4(), "batch": batch_id, "class": uuid4()}
        | {"status": status, "at": at}
        for status, at in rows
    ]
    async with engine.begin() as connection:
        await connection.execute(insert, values)


async def ask(client: QuartClient, *batch_ids: object) -> tuple[int, Any]:
    joined = ",".join(map(str, batch_ids))
    answer = await client.get(PATH, query_string={"batch_ids": joined}, headers=HEADERS)
    return answer.status_code, await answer.get_json()


async def test_batch_under_review_has_its_counts_and_deadline(
    client: QuartClient, engine: AsyncEngine
) -> None:
    batch_id, earlier = uuid4(), NOW - timedelta(hours=30)
    pending, confirmed = "pending_validation", "confirmed"
    await add_rows(engine, batch_id, (pending, NOW), (pending, NOW), (confirmed, earlier))

    status, body = await ask(client, batch_id)

    assert (status, body[str(batch_id)]) == (
        200,
        {
            "batch_id": str(batch_id),
            "deviation_count": 2,
            "auto_confirm_deadline": "2026-02-04T09:05:00",
            "total_associations": 3,
            "confirmed_associations": 1,
        },
    )


async def test_answer_is_what_our_contract_reads(client: QuartClient, engine: AsyncEngine) -> None:
    batch_id, unknown = uuid4(), uuid4()
    await add_rows(engine, batch_id, ("pending_validation", NOW))

    _, body = await ask(client, batch_id, unknown)
    read = JsonDecoder(ValidationStatuses)(json.dumps(body).encode())

    known = read[str(batch_id)]
    assert known is not None
    assert (known.deviation_count, known.auto_confirm_deadline) == (1, NOW + timedelta(hours=24))
    assert read[str(unknown)] is None


async def test_decided_batch_has_no_deadline(client: QuartClient, engine: AsyncEngine) -> None:
    batch_id = uuid4()
    await add_rows(engine, batch_id, ("confirmed", NOW), ("rejected", NOW))

    _, body = await ask(client, batch_id)

    state = body[str(batch_id)]
    assert state["auto_confirm_deadline"] is None
    assert (state["deviation_count"], state["confirmed_associations"]) == (0, 1)
    assert state["total_associations"] == 2


async def test_batch_without_associations_is_null_and_not_counted_as_zero(
    client: QuartClient,
) -> None:
    batch_id = uuid4()

    assert await ask(client, batch_id) == (200, {str(batch_id): None})


async def test_any_spelling_of_an_id_is_answered_once_in_lower_case(client: QuartClient) -> None:
    batch_id = uuid4()

    status, body = await ask(client, batch_id.hex.upper(), " ", f" {batch_id} ")

    assert (status, body) == (200, {str(batch_id): None})


@pytest.mark.parametrize("nothing", ["", ",", " , "])
async def test_no_ids_get_an_empty_answer(client: QuartClient, nothing: str) -> None:
    assert await ask(client, nothing) == (200, {})


async def test_text_that_is_no_uuid_is_refused(client: QuartClient) -> None:
    assert await ask(client, uuid4(), "nope") == (400, {"error": "Invalid UUID format"})


async def test_number_of_ids_is_bounded(client: QuartClient) -> None:
    most = [uuid4() for _ in range(MAX_BATCHES)]

    assert (await ask(client, *most))[0] == 200
    assert (await ask(client, *most, uuid4()))[0] == 400


async def test_hundred_batches_cost_one_query(client: QuartClient, engine: AsyncEngine) -> None:
    batch_ids = [uuid4() for _ in range(100)]
    for batch_id in batch_ids[:3]:
        await add_rows(engine, batch_id, ("pending_validation", NOW))
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    _, body = await ask(client, *batch_ids)

    assert sum(state is not None for state in body.values()) == 3
    assert len(statements) == 1


async def test_caller_without_the_key_is_refused_by_the_platform_s_guard(
    client: QuartClient,
) -> None:
    answer = await client.get(PATH, query_string={"batch_ids": str(uuid4())})

    assert answer.status_code == 401
    assert await answer.get_json() == {"error": "Missing authentication"}


async def test_lost_database_is_the_platform_s_500() -> None:
    nowhere = create_async_engine("postgresql+asyncpg://postgres@127.0.0.1:1/none")
    app = guarded_app(blueprint, nowhere)
    async with app.test_app():
        answer = await ask(app.test_client(), uuid4())

    assert answer == (500, {"error": "Internal server error"})


@pytest.mark.parametrize("nested", [False, True])
def test_route_does_not_mount_where_nobody_checks_the_key(*, nested: bool) -> None:
    app, open_parent = Quart("platform"), Blueprint("open", "platform")
    app.before_request(lambda: None)
    open_parent.register_blueprint(blueprint)

    with pytest.raises(UnguardedMountError, match="class_validation"):
        app.register_blueprint(open_parent if nested else blueprint)
