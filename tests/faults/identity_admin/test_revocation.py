"""A denial or a lost role ends access in other services within seconds, with Redis and without."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.auth import (
    ACCESS_TOKENS,
    RevocationListener,
    RevocationMarks,
)
from bff_core.clock import SystemClock
from bff_core.testing import SECRET
from services.identity_admin.__main__ import revoke_admin
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.implementations.revocation import RevocationRelay
from services.identity_admin.implementations.tables import user_revocations
from services.identity_admin.models import DecisionAction, DecisionCommand
from tests.config_service_kit import INTERNAL_KEY, SettingsClient, fresh_postgres
from tests.faults.config_service_process import calling, serving
from tests.faults.identity_admin.decisions import decide_handler_for
from tests.faults.module_process import ModuleProcess
from tests.identity_databases import (
    Account,
    add_approved,
    an_admin,
    create_database,
    deadline_in,
    migrated_engine,
)
from tests.local_servers import running_redis
from tests.ports import free_port

WITHIN_SECONDS = 5.0
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    await client.delete(ACCESS_TOKENS.kept_key)
    yield client
    await client.aclose()


def relay_over(engine: AsyncEngine, redis: Redis, lifetime: float = 3600.0) -> RevocationRelay:
    return RevocationRelay(engine, redis, SystemClock(), lifetime)


async def deny(engine: AsyncEngine, account: Account) -> None:
    command = DecisionCommand(account.user_id, DecisionAction.DENY, 1, None, uuid4(), "left")
    await decide_handler_for(engine).execute(command, deadline_in())


async def count_rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).select_from(user_revocations)
        return (await connection.execute(query)).scalar_one()


@asynccontextmanager
async def listening(redis_url: str) -> AsyncIterator[RevocationMarks]:
    clock = SystemClock()
    marks = RevocationMarks(clock, 3600.0)
    listener = RevocationListener(Redis.from_url(redis_url), marks, clock)
    await listener.start()
    try:
        yield marks
    finally:
        await listener.aclose()


async def until_marked(marks: RevocationMarks, count: int = 1) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while len(marks) < count:
            await asyncio.sleep(0.02)


async def test_a_denial_is_heard_and_kept_for_those_who_start_later(
    engine: AsyncEngine, redis: Redis, redis_url: str
) -> None:
    account = Account()
    await add_approved(engine, account)
    async with listening(redis_url) as early:
        await deny(engine, account)
        assert await relay_over(engine, redis).publish_once() == 1
        await until_marked(early)

    async with listening(redis_url) as late:
        assert len(late) == 1
    assert await relay_over(engine, redis).publish_once() == 0


async def test_marks_that_redis_lost_are_published_again(
    engine: AsyncEngine, redis: Redis, redis_url: str
) -> None:
    account = Account()
    await add_approved(engine, account)
    await deny(engine, account)
    await relay_over(engine, redis).publish_once()
    await redis.delete(ACCESS_TOKENS.kept_key)

    async with listening(redis_url) as marks:
        await relay_over(engine, redis).publish_once()
        await until_marked(marks)


async def test_marks_older_than_any_token_are_dropped(engine: AsyncEngine, redis: Redis) -> None:
    account = Account()
    await add_approved(engine, account)
    await deny(engine, account)
    await relay_over(engine, redis).publish_once()
    await asyncio.sleep(0.02)

    await relay_over(engine, redis, lifetime=0.01).publish_once()

    assert await count_rows(engine) == 0


async def test_a_mark_is_written_with_the_decision_or_not_at_all(engine: AsyncEngine) -> None:
    account = Account(roles=("teacher", "admin"))
    await add_approved(engine, account)
    repository = SqlApprovalRepository(engine, EmailTemplates(), "admin")

    async def revoke_and_fail() -> None:
        async with repository.begin(account.user_id, deadline_in()) as transaction:
            await transaction.revoke_role("admin", uuid4(), SystemClock().now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await revoke_and_fail()

    assert await count_rows(engine) == 0


@dataclass(frozen=True, slots=True)
class Identity:
    """identity_admin on PostgreSQL with one admin, as a process of its own."""

    database: str
    engine: AsyncEngine
    admin: Account


@contextmanager
def serving_identity(folder: Path, database: str, redis_url: str) -> Iterator[str]:
    port = free_port()
    env = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "IDENTITY_SERVICE_DATABASE_URL": database,
        "IDENTITY_ADMIN_PORT": str(port),
        "IDENTITY_ADMIN_RELAY": "platform",
        "REDIS_URL": redis_url,
    }
    process = ModuleProcess("tests.faults.identity_admin.serve", folder, port, env)
    with process.running():
        yield process.url


@asynccontextmanager
async def identity_and_settings(
    folder: Path, postgres_url: str, redis_of_settings: str, redis_of_identity: str
) -> AsyncIterator[tuple[Identity, SettingsClient]]:
    database, admin = await create_database(postgres_url), an_admin()
    async with migrated_engine(database) as engine:
        await add_approved(engine, admin)
        settings_database = await asyncio.to_thread(fresh_postgres, postgres_url)
        with (
            serving_identity(folder, database, redis_of_identity) as identity_url,
            serving(
                folder,
                settings_database,
                REDIS_URL=redis_of_settings,
                IDENTITY_SERVICE_URL=identity_url,
            ) as service,
        ):
            async with calling(service.url) as (client,):
                yield Identity(database, engine, admin), client


async def status_of_write(settings: SettingsClient, admin: Account) -> int:
    answer = await settings.put("bff", {}, None, query="?dry_run=true", user=str(admin.user_id))
    return answer.status


async def seconds_until_refused(settings: SettingsClient, admin: Account) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(30):
        while await status_of_write(settings, admin) not in {401, 403}:
            await asyncio.sleep(0.1)
    return time.monotonic() - begun


@pytest.mark.redis
@pytest.mark.postgres
async def test_a_denied_admin_writes_no_settings_after_five_seconds(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    async with identity_and_settings(tmp_path, postgres_url, redis_url, redis_url) as (
        identity,
        settings,
    ):
        admitted = await status_of_write(settings, identity.admin)
        await deny(identity.engine, identity.admin)

        waited = await seconds_until_refused(settings, identity.admin)

    assert admitted not in {401, 403, 503}
    assert waited < WITHIN_SECONDS


@pytest.mark.redis
@pytest.mark.postgres
async def test_an_admin_whose_role_is_taken_writes_no_settings_after_five_seconds(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    async with identity_and_settings(tmp_path, postgres_url, redis_url, redis_url) as (
        identity,
        settings,
    ):
        assert await status_of_write(settings, identity.admin) not in {401, 403, 503}
        assert (
            await revoke_admin(identity.database, identity.admin.email, "admin", keeps_last=True)
            == 0
        )

        assert await seconds_until_refused(settings, identity.admin) < WITHIN_SECONDS


@pytest.mark.postgres
@pytest.mark.parametrize("redis_of_settings", [NOWHERE, ""], ids=["silent", "not configured"])
async def test_without_redis_the_config_service_asks_identity_about_admins(
    tmp_path: Path, postgres_url: str, redis_of_settings: str
) -> None:
    async with identity_and_settings(tmp_path, postgres_url, redis_of_settings, NOWHERE) as (
        identity,
        settings,
    ):
        admitted = await status_of_write(settings, identity.admin)
        await deny(identity.engine, identity.admin)

        waited = await seconds_until_refused(settings, identity.admin)

    assert admitted not in {401, 403, 503}
    assert waited < WITHIN_SECONDS


@pytest.mark.redis
@pytest.mark.postgres
async def test_identity_is_asked_when_redis_is_killed(tmp_path: Path, postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        with running_redis(tmp_path) as redis_url:
            identity, settings = await stack.enter_async_context(
                identity_and_settings(tmp_path, postgres_url, redis_url, redis_url)
            )
            assert await status_of_write(settings, identity.admin) not in {401, 403, 503}
        await deny(identity.engine, identity.admin)

        assert await seconds_until_refused(settings, identity.admin) < WITHIN_SECONDS
