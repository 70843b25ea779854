"""An organisation keeps its last admin, whoever ends the others: a route or the command line."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from bff_core.errors import BffError
from devstack.emulators.identity import tables
from services.identity_admin.approval import LastAdmin
from services.identity_admin.domain_handlers.admin_role_handler import AdminRoleHandler
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.models import DecisionAction
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.faults.tiny_process import LIMIT, environment
from tests.identity_databases import (
    Account,
    add_approved,
    add_deactivated,
    an_admin,
    deadline_in,
    recorded_writes,
    scaled,
)

RACES = scaled(100)
ROLES = ("teacher", "admin", "superadmin")


def admin_of(school: str) -> Account:
    return Account(roles=ROLES, first_name="Karin", org_id=school)


async def roles_of(engine: AsyncEngine, account: Account) -> list[str]:
    query = select(tables.users.c.roles).where(tables.users.c.id == account.user_id)
    async with engine.connect() as connection:
        roles: list[str] = (await connection.execute(query)).scalar_one()
        return roles


async def revoke(database: str, account: Account, *options: str) -> tuple[int, str]:
    """Run the command; its exit code and its output."""
    more = {"HULEEDU_INTERNAL_API_KEY": "k" * 32, "IDENTITY_SERVICE_DATABASE_URL": database}
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.identity_admin", "revoke-admin", account.email, *options],
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return ended.returncode, (ended.stdout + ended.stderr).strip()


async def test_the_command_keeps_the_last_admin_of_an_organisation(
    engine: AsyncEngine, database: str
) -> None:
    first, last = admin_of("org-norra"), admin_of("org-norra")
    elsewhere, alone = admin_of("org-söder"), an_admin()
    await add_approved(engine, first, last, elsewhere, alone)
    await add_deactivated(engine, admin_of("org-norra"))

    assert await revoke(database, first) == (0, "role revoked")
    code, text = await revoke(database, last)

    assert (code, text.startswith("refused: The organisation would have no admin")) == (1, True)
    assert "--allow-last" in text
    assert await roles_of(engine, last) == list(ROLES)
    assert (await recorded_writes(engine, last.user_id)).audits == 0
    # Another role than that of the admins, and an admin of no organisation.
    assert await revoke(database, last, "--role", "superadmin") == (0, "role revoked")
    assert await revoke(database, alone) == (0, "role revoked")
    assert await revoke(database, last, "--allow-last") == (0, "role revoked")
    assert await revoke(database, last) == (0, "had no such role")


async def failure_of(call: Awaitable[object]) -> BffError | None:
    try:
        await call
    except BffError as error:
        return error
    return None


@pytest.mark.parametrize("decides", [False, True], ids=["two commands", "command and route"])
async def test_two_who_end_two_admins_at_once_leave_one(
    engine: AsyncEngine, database: str, *, decides: bool
) -> None:
    other_engine = open_engine(database)
    deciding, actor = decide_handler_for(other_engine), an_admin()
    commands = [
        AdminRoleHandler(
            SqlApprovalRepository(one, EmailTemplates(), "admin"), "admin", SystemClock()
        )
        for one in (engine, other_engine)
    ]
    await add_approved(engine, actor)
    try:
        for number in range(RACES):
            one, two = admin_of(f"org-{number}"), admin_of(f"org-{number}")
            await add_approved(engine, one, two)
            async with asyncio.TaskGroup() as group:
                revoked = commands[0].revoke(one.email, deadline_in(), keeps_last=True)
                ended = (
                    decide(deciding, two.user_id, DecisionAction.DEACTIVATE, 1, actor.user_id)
                    if decides
                    else commands[1].revoke(two.email, deadline_in(), keeps_last=True)
                )
                calls = [group.create_task(failure_of(call)) for call in (revoked, ended)]
            (loser,) = [one for one in (call.result() for call in calls) if one]
            assert isinstance(loser, LastAdmin)
    finally:
        await other_engine.dispose()
