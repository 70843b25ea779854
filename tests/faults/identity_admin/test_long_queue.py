"""A long queue of pending accounts, listed to its end while admins decide.

100,000 accounts with FULL_NUMBERS=1, else 10,000.
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
from services.identity_admin.domain_handlers.query_handler import ApprovalQueryHandler
from services.identity_admin.dto.user_approval_v1 import PendingQuery
from services.identity_admin.implementations.approval_queries import (
    SqlApprovalQueries,
    select_user_page,
)
from services.identity_admin.implementations.tables import user_approvals
from services.identity_admin.models import ALL_ACCOUNTS, ApprovalStatus, DecisionAction
from services.identity_admin.ports import PageCursor, UserFilter
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.identity_databases import (
    LONG_AGO,
    add_approved,
    an_admin,
    migrated_engine,
    print_measurement,
    scaled,
    sqlite_url,
)

PENDING_ACCOUNTS = scaled(100_000)
_ROLES: tuple[Role, ...] = (ADMIN,)


@pytest.fixture
async def queue(postgres_engine: AsyncEngine) -> AsyncEngine:
    """Pending accounts, ten of which registered in each minute."""
    people = text(
        "INSERT INTO users (email, password_hash, registered_at)"
        " SELECT 'user' || n || '@demo.example', 'none',"
        " timestamptz '2026-01-01 00:00:00Z' + (n / 10) * interval '1 minute'"
        f" FROM generate_series(1, {PENDING_ACCOUNTS}) AS n"
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


async def approve_until_done(
    engine: AsyncEngine, user_ids: list[UUID], actor: UUID, done: asyncio.Event
) -> set[UUID]:
    handler, approved = decide_handler_for(engine), set()
    for user_id in user_ids:
        if done.is_set():
            break
        await decide(handler, user_id, DecisionAction.APPROVE, 1, actor)
        approved.add(user_id)
    return approved


async def list_all_pending(handler: ApprovalQueryHandler) -> Counter[str]:
    seen: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        ctx = a_context(roles=_ROLES, seconds=20, clock=SystemClock())
        page = await handler.list_users(
            ctx, ALL_ACCOUNTS, PendingQuery(limit=100, cursor=cursor), "pending"
        )
        seen.update(one.user_id for one in page.users)
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.postgres
async def test_every_pending_account_is_listed_once_while_others_are_approved(
    queue: AsyncEngine,
) -> None:
    admin = an_admin()
    await add_approved(queue, admin)
    async with queue.connect() as connection:
        query = select(user_approvals.c.user_id).where(user_approvals.c.status == "pending")
        pending_ids = set((await connection.execute(query)).scalars())
    done = asyncio.Event()
    to_approve = list(pending_ids)[: PENDING_ACCOUNTS // 10]

    async with asyncio.TaskGroup() as group:
        approving = group.create_task(approve_until_done(queue, to_approve, admin.user_id, done))
        started = time.perf_counter()
        seen = await list_all_pending(
            ApprovalQueryHandler(SqlApprovalQueries(queue), SystemClock())
        )
        took = time.perf_counter() - started
        done.set()

    approved = approving.result()
    print_measurement(
        f"{PENDING_ACCOUNTS} listed in {took:.2f} s, {len(approved)} approved meanwhile"
    )
    assert approved
    assert max(seen.values()) == 1
    assert {str(one) for one in pending_ids - approved} <= set(seen)
    assert set(seen) <= {str(one) for one in pending_ids}


async def explain_query(engine: AsyncEngine, query: Select[Any], explain: str) -> str:
    compiled = query.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with engine.connect() as connection:
        rows = await connection.execute(text(f"{explain} {compiled}".replace(":", "\\:")))
        return "\n".join(str(row) for row in rows)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("status", "index"),
    [(ApprovalStatus.PENDING, "ix_user_approvals_queue"), (None, "ix_user_approvals_everybody")],
)
async def test_page_deep_in_the_queue_comes_from_the_index(
    queue: AsyncEngine, status: ApprovalStatus | None, index: str
) -> None:
    # With most accounts pending, PostgreSQL may use either index; usually most are approved.
    most = "UPDATE user_approvals SET status = 'approved' WHERE user_id::text > '4'"
    async with queue.begin() as connection:
        await connection.execute(text(most.replace(":", "\\:")))
        await connection.execute(text("ANALYZE user_approvals"))
    query = select_user_page(UserFilter(status), PageCursor(LONG_AGO, UUID(int=1)), 101)

    plan = await explain_query(queue, query, "EXPLAIN")

    assert index in plan
    assert "Seq Scan on user_approvals" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("status", "index"),
    [(ApprovalStatus.PENDING, "ix_user_approvals_queue"), (None, "ix_user_approvals_everybody")],
)
async def test_sqlite_reads_the_same_index(
    tmp_path: Path, status: ApprovalStatus | None, index: str
) -> None:
    async with migrated_engine(sqlite_url(tmp_path)) as engine:
        query = select_user_page(UserFilter(status), PageCursor(LONG_AGO, UUID(int=1)), 101)

        plan = await explain_query(engine, query, "EXPLAIN QUERY PLAN")

    assert f"SEARCH user_approvals USING INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan
