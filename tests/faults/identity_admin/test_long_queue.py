"""A long queue, read to its end while admins work on it.

100,000 people with FULL_NUMBERS=1, else 10,000.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from bff_core.context import ADMIN, Role
from bff_core.testing import a_context
from services.identity_admin.domain_handlers.listing import Listing
from services.identity_admin.dto.user_approval_v1 import PendingQuery
from services.identity_admin.implementations.register import SqlRegister, page_of
from services.identity_admin.implementations.tables import user_approvals
from services.identity_admin.protocols import Filter, Place
from services.identity_admin.standing import Action, Status
from tests.faults.identity_admin.deciders import decide, deciding_over
from tests.identity_databases import (
    LONG_AGO,
    admit,
    an_admin,
    figure,
    migrated_engine,
    scaled,
    sqlite_url,
)

WAITING = scaled(100_000)
_ROLES: tuple[Role, ...] = (ADMIN,)


@pytest.fixture
async def queue(postgres_engine: AsyncEngine) -> AsyncEngine:
    """Ten people registered in the same minute, again and again."""
    people = text(
        "INSERT INTO users (email, password_hash, registered_at)"
        " SELECT 'user' || n || '@demo.example', 'none',"
        " timestamptz '2026-01-01 00:00:00Z' + (n / 10) * interval '1 minute'"
        f" FROM generate_series(1, {WAITING}) AS n"
    )
    waiting = text(
        "INSERT INTO user_approvals (user_id, status, version, requested_at)"
        " SELECT id, 'pending', 1, registered_at FROM users"
    )
    async with postgres_engine.begin() as connection:
        await connection.execute(people)
        await connection.execute(waiting)
    async with postgres_engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("ANALYZE"))
    return postgres_engine


async def approve_here_and_there(
    engine: AsyncEngine, wanted: list[UUID], actor: UUID, done: asyncio.Event
) -> set[UUID]:
    deciding, approved = deciding_over(engine), set()
    for user_id in wanted:
        if done.is_set():
            break
        await decide(deciding, user_id, Action.APPROVE, 1, actor)
        approved.add(user_id)
    return approved


async def read_queue(listing: Listing) -> Counter[str]:
    seen: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        ctx = a_context(roles=_ROLES, seconds=20, clock=SystemClock())
        page = await listing.pending(ctx, PendingQuery(limit=100, cursor=cursor))
        seen.update(one.user_id for one in page.users)
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.postgres
async def test_everybody_who_waits_is_listed_once_while_others_are_let_in(
    queue: AsyncEngine,
) -> None:
    admin = an_admin()
    await admit(queue, admin)
    async with queue.connect() as connection:
        query = select(user_approvals.c.user_id).where(user_approvals.c.status == "pending")
        everybody = set((await connection.execute(query)).scalars())
    done = asyncio.Event()
    picked = list(everybody)[: WAITING // 10]

    async with asyncio.TaskGroup() as group:
        work = approve_here_and_there(queue, picked, admin.user_id, done)
        approving = group.create_task(work)
        started = time.perf_counter()
        seen = await read_queue(Listing(SqlRegister(queue), SystemClock()))
        took = time.perf_counter() - started
        done.set()

    approved = approving.result()
    figure(f"{WAITING} listed in {took:.2f} s, {len(approved)} approved meanwhile")
    assert approved
    assert max(seen.values()) == 1
    assert {str(one) for one in everybody - approved} <= set(seen)
    assert set(seen) <= {str(one) for one in everybody}


async def plan_of(engine: AsyncEngine, query: Select[Any], explain: str) -> str:
    compiled = query.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with engine.connect() as connection:
        rows = await connection.execute(text(f"{explain} {compiled}".replace(":", "\\:")))
        return "\n".join(str(row) for row in rows)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("status", "index"),
    [(Status.PENDING, "ix_user_approvals_queue"), (None, "ix_user_approvals_everybody")],
)
async def test_page_deep_in_the_queue_comes_from_the_index(
    queue: AsyncEngine, status: Status | None, index: str
) -> None:
    # A queue that is everybody is read by either index; usually most people are in.
    most = "UPDATE user_approvals SET status = 'approved' WHERE user_id::text > '4'"
    async with queue.begin() as connection:
        await connection.execute(text(most.replace(":", "\\:")))
        await connection.execute(text("ANALYZE user_approvals"))
    query = page_of(Filter(status), Place(LONG_AGO, UUID(int=1)), 101)

    plan = await plan_of(queue, query, "EXPLAIN")

    assert index in plan
    assert "Seq Scan on user_approvals" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("status", "index"),
    [(Status.PENDING, "ix_user_approvals_queue"), (None, "ix_user_approvals_everybody")],
)
async def test_sqlite_reads_the_same_index(
    tmp_path: Path, status: Status | None, index: str
) -> None:
    async with migrated_engine(sqlite_url(tmp_path)) as engine:
        query = page_of(Filter(status), Place(LONG_AGO, UUID(int=1)), 101)

        plan = await plan_of(engine, query, "EXPLAIN QUERY PLAN")

    assert f"SEARCH user_approvals USING INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan
