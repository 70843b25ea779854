"""Locks on approvals: of one account, and of the admins of its organisation."""

import json
from uuid import UUID

from sqlalchemy import Text, Uuid, cast, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity_admin.implementations.approval_rows import in_scope
from services.identity_admin.implementations.tables import user_approvals, users
from services.identity_admin.models import AccountScope, ActiveAdmins, ApprovalStatus


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
        .with_for_update(of=user_approvals)
    )
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
