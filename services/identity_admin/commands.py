"""Commands for operators."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from bff_core.context import Deadline
from bff_core.errors import NotFound
from services.identity_admin.domain_handlers.grant_admin_handler import GrantAdminHandler
from services.identity_admin.domain_handlers.revoke_admin_handler import RevokeAdminHandler
from services.identity_admin.implementations.approval_queries import SqlApprovalQueries
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.database import open_engine, transaction
from services.identity_admin.implementations.migrator import migrate, require_migrated
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.models import ApprovalStatus
from services.identity_admin.ports import PageCursor, UserFilter

_TIMEOUT_SECONDS = 30.0
_PAGE_SIZE = 500


async def migrate_database(url: str, direction: Literal["up", "down"]) -> int:
    async with _engine(url) as engine:
        await migrate(engine, direction)
    _print(f"migrated {direction}")
    return 0


async def grant_admin(url: str, email: str, role: str, templates: EmailTemplates) -> int:
    """Approve an account and give it the role; exit code 1 when no account has the address."""
    async with _migrated_engine(url) as engine:
        clock = SystemClock()
        handler = GrantAdminHandler(SqlApprovalRepository(engine, templates, role), role, clock)
        try:
            granted = await handler.grant(email, Deadline.after(_TIMEOUT_SECONDS, clock))
        except NotFound:
            _print("no account is registered under this address")
            return 1
    _print("role granted" if granted.role_added else "had the role already")
    _print("approved" if granted.approved else "was approved already")
    return 0


async def revoke_admin(url: str, email: str, role: str) -> int:
    """Take the role from an account; exit code 1 when no account has the address."""
    async with _migrated_engine(url) as engine:
        clock = SystemClock()
        repository = SqlApprovalRepository(engine, EmailTemplates(), role)
        handler = RevokeAdminHandler(repository, role, clock)
        try:
            revoked = await handler.revoke(email, Deadline.after(_TIMEOUT_SECONDS, clock))
        except NotFound:
            _print("no account is registered under this address")
            return 1
    _print("role revoked" if revoked else "had no such role")
    return 0


async def list_pending(url: str) -> int:
    """Print the accounts that wait for approval, longest waiting first."""
    async with _migrated_engine(url) as engine:
        queries, clock = SqlApprovalQueries(engine), SystemClock()
        pending = UserFilter(ApprovalStatus.PENDING)
        after: PageCursor | None = None
        while True:
            deadline = Deadline.after(_TIMEOUT_SECONDS, clock)
            page = await queries.list_users(pending, after, _PAGE_SIZE, deadline)
            for account in page:
                waiting = clock.now() - account.approval.requested_at
                verified = "verified" if account.email_verified else "unverified"
                _print(
                    f"{account.user_id}  {account.email}  {verified}  org {account.org_id or '-'}"
                    f"  waiting {int(waiting.total_seconds() // 3600)} h"
                )
            if len(page) < _PAGE_SIZE:
                return 0
            after = PageCursor(page[-1].approval.requested_at, page[-1].user_id)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _migrated_engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with _engine(url) as engine:
        async with transaction(engine, _TIMEOUT_SECONDS) as connection:
            await require_migrated(connection)
        yield engine
