"""Transactions that decide on one account, over Identity's database, with their locks."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Text, Uuid, cast, delete, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.implementations.approval_queries import (
    approval_state,
    in_scope,
    select_users,
    select_users_with_approval,
    user_account,
)
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.gate import add_missing_approvals
from services.identity_admin.implementations.outbox_events import (
    PAST_TENSES,
    EmailTemplates,
    outbox_rows,
)
from services.identity_admin.implementations.revocation import revoke_access
from services.identity_admin.implementations.tables import (
    audit_logs,
    event_outbox,
    refresh_sessions,
    user_approvals,
    user_decisions,
    user_sessions,
    users,
)
from services.identity_admin.models import (
    ALL_ACCOUNTS,
    AccountScope,
    ActiveAdmins,
    ApprovalState,
    ApprovalStatus,
    Transition,
    UserAccount,
)


async def lock_approval(connection: AsyncConnection, user_id: UUID, scope: AccountScope) -> bool:
    """Lock the account's row until the transaction ends; False without a row in the scope."""
    account = select(users.c.id).where(users.c.id == user_id, in_scope(scope))
    same_user = user_approvals.c.user_id.in_(account)
    if connection.dialect.name == "sqlite":
        # SQLite has one lock for all writers, and takes it at the first write.
        unchanged = update(user_approvals).where(same_user).values(version=user_approvals.c.version)
        return bool((await connection.execute(unchanged)).rowcount)
    query = select(user_approvals.c.user_id).where(same_user).with_for_update()
    return (await connection.execute(query)).first() is not None


async def lock_admins(
    connection: AsyncConnection, user_id: UUID, scope: AccountScope, actor: UUID, role: str
) -> ActiveAdmins:
    """Lock the account, the actor and the admins of the account's organisation, by their ids.

    All who end somebody's access lock in this order, so two of them neither wait for each other
    nor end each other's access, and an organisation keeps an admin.
    """
    if connection.dialect.name == "sqlite":
        await lock_approval(connection, user_id, scope)
    account = select(users.c.id).where(users.c.id == user_id, in_scope(scope))
    org_id = account.with_only_columns(users.c.org_id).scalar_subquery()
    # The column is JSON, which PostgreSQL cannot search; the roles are compared below.
    has_role = cast(users.c.roles, Text).contains(json.dumps(role), autoescape=True)
    admins = select(users.c.id).where(users.c.org_id == org_id, has_role)
    locked = union_all(account, select(literal(actor, Uuid)), admins)
    query = (
        select(user_approvals.c.user_id, user_approvals.c.status, users.c.roles, users.c.org_id)
        .join(users, users.c.id == user_approvals.c.user_id)
        .where(user_approvals.c.user_id.in_(locked))
        .order_by(user_approvals.c.user_id)
    )
    await connection.execute(query.with_for_update(of=user_approvals))
    # Once more: roles lie in the other table, and may be those from before the wait for the locks.
    rows = (await connection.execute(query)).all()
    organisations = {row.user_id: row.org_id for row in rows}
    active = {
        row.user_id
        for row in rows
        if row.status == ApprovalStatus.APPROVED.value and role in (row.roles or [])
    }
    org = organisations.get(user_id)
    of_organisation = {one for one in active if org is not None and organisations[one] == org}
    return ActiveAdmins(frozenset(of_organisation), actor in active)


async def insert_audit_row(
    connection: AsyncConnection,
    action: str,
    details: Mapping[str, object],
    *,
    actor: UUID | None,
    correlation_id: UUID,
    created_at: datetime,
) -> None:
    """Insert an audit row; as in Identity's own rows, `user_id` is the actor."""
    row = {
        "id": uuid4(),
        "user_id": actor,
        "action": action,
        "details": dict(details),
        "correlation_id": correlation_id,
        "created_at": created_at,
    }
    await connection.execute(insert(audit_logs).values(row))


async def insert_history(connection: AsyncConnection, transition: Transition) -> None:
    command = transition.command
    row = {
        "user_id": command.user_id,
        "action": command.action.value,
        "from_status": transition.from_status.value,
        "to_status": transition.to_status.value,
        "version": transition.version,
        "actor_id": command.actor,
        "reason": command.reason,
        "correlation_id": command.correlation_id,
        "decided_at": transition.decided_at,
    }
    await connection.execute(insert(user_decisions).values(row))


class SqlApprovalRepository:
    """`role` is that of the admins."""

    def __init__(self, engine: AsyncEngine, templates: EmailTemplates, role: str) -> None:
        self._engine = engine
        self._templates = templates
        self._role = role

    @asynccontextmanager
    async def begin(
        self,
        user_id: UUID,
        deadline: Deadline,
        scope: AccountScope = ALL_ACCOUNTS,
        ended_by: UUID | None = None,
    ) -> AsyncIterator["SqlApprovalTransaction"]:
        async with transaction(self._engine, deadline.left()) as connection:
            admins = None
            if ended_by is not None:
                admins = await lock_admins(connection, user_id, scope, ended_by, self._role)
            locked = await lock_approval(connection, user_id, scope)
            if not locked and await add_missing_approvals(connection, user_id, scope):
                await lock_approval(connection, user_id, scope)
            query = select_users().where(users.c.id == user_id, in_scope(scope))
            row = (await connection.execute(query)).mappings().one_or_none()
            account = None if row is None else user_account(row)
            yield SqlApprovalTransaction(connection, account, self._templates, admins)

    async def find_user_id(self, email: str, deadline: Deadline) -> UUID | None:
        query = select(users.c.id).where(users.c.email == email.strip().lower())
        async with transaction(self._engine, deadline.left()) as connection:
            return (await connection.execute(query)).scalar_one_or_none()


class SqlApprovalTransaction:
    """Account and lock of an open transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        account: UserAccount | None,
        templates: EmailTemplates,
        admins: ActiveAdmins | None,
    ) -> None:
        self._connection = connection
        self._account = account
        self._templates = templates
        self.admins = admins

    @property
    def state(self) -> ApprovalState | None:
        return self._account.approval if self._account else None

    async def record(self, transition: Transition) -> ApprovalState:
        assert self._account is not None  # noqa: S101 - only an account has transitions
        await self._write_decision(transition)
        await self._audit_transition(transition)
        for row in outbox_rows(transition, self._account, self._templates):
            await self._connection.execute(insert(event_outbox).values(row))
        if transition.command.action.ends_access:
            await self._end_sessions(transition)
            await revoke_access(self._connection, transition.command.user_id, transition.decided_at)
        query = select_users_with_approval().where(users.c.id == self._account.user_id)
        return approval_state((await self._connection.execute(query)).mappings().one())

    async def _write_decision(self, transition: Transition) -> None:
        """Update the account's row and append to the history."""
        command = transition.command
        new_state = {
            "status": transition.to_status.value,
            "version": transition.version,
            "decided_at": transition.decided_at,
            "decided_by": command.actor,
            "reason": command.reason,
        }
        same_user = user_approvals.c.user_id == command.user_id
        await self._connection.execute(update(user_approvals).where(same_user).values(new_state))
        await insert_history(self._connection, transition)

    async def _audit_transition(self, transition: Transition) -> None:
        command = transition.command
        details = {
            "target_user_id": str(command.user_id),
            "from": transition.from_status.value,
            "to": transition.to_status.value,
            "version": transition.version,
            "reason": command.reason,
            "service": command.service,
        }
        await insert_audit_row(
            self._connection,
            f"user_{PAST_TENSES[command.action]}",
            details,
            actor=command.actor,
            correlation_id=command.correlation_id,
            created_at=transition.decided_at,
        )

    async def _end_sessions(self, transition: Transition) -> None:
        """Delete the refresh sessions, and mark the sessions that users see as revoked."""
        user_id = transition.command.user_id
        await self._connection.execute(
            delete(refresh_sessions).where(refresh_sessions.c.user_id == user_id)
        )
        open_sessions = update(user_sessions).where(
            user_sessions.c.user_id == user_id, user_sessions.c.revoked_at.is_(None)
        )
        await self._connection.execute(open_sessions.values(revoked_at=transition.decided_at))

    async def grant_role(self, role: str, correlation_id: UUID, granted_at: datetime) -> bool:
        current = await self._lock_roles()
        if role in current:
            return False
        await self._write_roles([*current, role])
        await self._audit_role("user_role_granted", role, correlation_id, granted_at)
        return True

    async def revoke_role(self, role: str, correlation_id: UUID, revoked_at: datetime) -> bool:
        current = await self._lock_roles()
        if role not in current:
            return False
        await self._write_roles([one for one in current if one != role])
        await self._audit_role("user_role_revoked", role, correlation_id, revoked_at)
        await revoke_access(self._connection, self._user_id, revoked_at)
        return True

    @property
    def _user_id(self) -> UUID:
        assert self._account is not None  # noqa: S101 - only an account has roles
        return self._account.user_id

    async def _lock_roles(self) -> list[str]:
        query = select(users.c.roles).where(users.c.id == self._user_id).with_for_update()
        roles = (await self._connection.execute(query)).scalar_one()
        return list(roles) if isinstance(roles, list) else []

    async def _write_roles(self, roles: Sequence[str]) -> None:
        same_user = users.c.id == self._user_id
        await self._connection.execute(update(users).where(same_user).values(roles=roles))

    async def _audit_role(self, action: str, role: str, correlation_id: UUID, at: datetime) -> None:
        details = {"target_user_id": str(self._user_id), "role": role}
        await insert_audit_row(
            self._connection,
            action,
            details,
            actor=None,
            correlation_id=correlation_id,
            created_at=at,
        )
