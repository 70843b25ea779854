"""`python -m services.identity_admin`: migrate up|down, grant-admin EMAIL, revoke-admin EMAIL, list-pending."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from bff_core.context import Deadline
from bff_core.database_url import driver_error
from bff_core.errors import BffError, NotFound
from bff_core.settings import SettingsError
from bff_core.signals import exit_on_signals
from services.identity_admin.approval import LastAdmin
from services.identity_admin.config import Settings
from services.identity_admin.di import email_templates
from services.identity_admin.domain_handlers.admin_role_handler import AdminRoleHandler
from services.identity_admin.implementations.approval_queries import SqlApprovalQueries
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.database import (
    DATABASE_ERRORS,
    open_engine,
    transaction,
)
from services.identity_admin.implementations.migrator import (
    NotIdentityDatabase,
    NotMigrated,
    migrate,
    require_migrated,
)
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
        try:
            granted = await _roles(engine, role, templates).grant(email, _deadline())
        except NotFound:
            return _no_account()
    _print("role granted" if granted.role_added else "had the role already")
    _print("approved" if granted.approved else "was approved already")
    return 0


async def revoke_admin(url: str, email: str, role: str, *, keeps_last: bool) -> int:
    """Take the role from an account; exit code 1 when no account has the address.

    Unless it `keeps_last`, an organisation may be left without an admin.

    Raises:
        LastAdmin: It would be, and it does.
    """
    async with _migrated_engine(url) as engine:
        roles = _roles(engine, role, EmailTemplates())
        try:
            revoked = await roles.revoke(email, _deadline(), keeps_last=keeps_last)
        except NotFound:
            return _no_account()
    _print("role revoked" if revoked else "had no such role")
    return 0


def _roles(engine: AsyncEngine, role: str, templates: EmailTemplates) -> AdminRoleHandler:
    return AdminRoleHandler(SqlApprovalRepository(engine, templates, role), role, SystemClock())


def _deadline() -> Deadline:
    return Deadline.after(_TIMEOUT_SECONDS, SystemClock())


def _no_account() -> int:
    _print("no account is registered under this address")
    return 1


async def list_pending(url: str) -> int:
    """Print the accounts that wait for approval, longest waiting first."""
    async with _migrated_engine(url) as engine:
        queries, now = SqlApprovalQueries(engine), SystemClock().now()
        pending = UserFilter(ApprovalStatus.PENDING)
        after: PageCursor | None = None
        while True:
            page = await queries.list_users(pending, after, _PAGE_SIZE, _deadline())
            for account in page:
                waiting = now - account.approval.requested_at
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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m services.identity_admin", description=__doc__)
    subcommands = top.add_subparsers(dest="command", required=True)
    migration = subcommands.add_parser("migrate", help="migrate Identity's database up or down")
    migration.add_argument("direction", choices=("up", "down"))
    grant = subcommands.add_parser("grant-admin", help="give the admin role and approve")
    grant.add_argument("email")
    grant.add_argument("--role", help="another role than that of the settings")
    revoke = subcommands.add_parser("revoke-admin", help="take the admin role away")
    revoke.add_argument("email")
    revoke.add_argument("--role", help="another role than that of the settings")
    revoke.add_argument(
        "--allow-last", action="store_true", help="also from the last admin of an organisation"
    )
    subcommands.add_parser("list-pending", help="print the accounts that wait for approval")
    return top


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    url = settings.require_database()
    match arguments.command:
        case "migrate":
            return await migrate_database(url, arguments.direction)
        case "grant-admin":
            role, templates = arguments.role or settings.role, email_templates(settings)
            return await grant_admin(url, arguments.email, role, templates)
        case "revoke-admin":
            role = arguments.role or settings.role
            # A role beside it leaves everybody an admin who was one.
            keeps_last = role == settings.role and not arguments.allow_last
            return await revoke_admin(url, arguments.email, role, keeps_last=keeps_last)
        case _:
            return await list_pending(url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; exit code 1 for a refusal, 2 for invalid settings."""
    parsed = parser().parse_args(arguments)
    # Its work is one transaction, which the database rolls back.
    exit_on_signals()
    try:
        return asyncio.run(run(parsed, Settings.load(os.environ)))
    except (NotMigrated, NotIdentityDatabase) as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    except SettingsError as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 2
    except LastAdmin as error:
        sys.stderr.write(f"refused: {error.text}; --allow-last takes the role all the same\n")
        return 1
    except BffError as error:
        sys.stderr.write(f"failed: {error.text}\n")
        return 1
    except (*DATABASE_ERRORS, TimeoutError) as error:
        # The transaction is committed or rolled back; the text may hold a statement's values.
        sys.stderr.write(f"failed: database error {driver_error(error)}; try again\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
