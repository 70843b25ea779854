"""Deciding on one person at a time, over Identity's database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.implementations import reading
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.event_rows import Addressee, Mails, rows_for
from services.identity_admin.implementations.registration import add_missing
from services.identity_admin.implementations.tables import (
    audit_logs,
    event_outbox,
    refresh_sessions,
    user_approvals,
    user_decisions,
    user_sessions,
    users,
)
from services.identity_admin.standing import Change, Person, Standing, Status


class SqlCasebook:
    def __init__(self, engine: AsyncEngine, mails: Mails) -> None:
        self._engine = engine
        self._mails = mails

    @asynccontextmanager
    async def open(self, user_id: UUID, deadline: Deadline) -> AsyncIterator["SqlCase"]:
        async with transaction(self._engine, deadline.left()) as connection:
            if not await _locked(connection, user_id) and await add_missing(connection, user_id):
                await _locked(connection, user_id)
            rows = await connection.execute(reading.anybody().where(users.c.id == user_id))
            row = rows.mappings().one_or_none()
            person = None if row is None else reading.person_of(row)
            yield SqlCase(connection, person, self._mails)

    async def find(self, email: str, deadline: Deadline) -> UUID | None:
        query = select(users.c.id).where(users.c.email == email.strip().lower())
        async with transaction(self._engine, deadline.left()) as connection:
            return (await connection.execute(query)).scalar_one_or_none()


class SqlCase:
    """Lives as long as its transaction."""

    def __init__(self, connection: AsyncConnection, person: Person | None, mails: Mails) -> None:
        self._connection = connection
        self._person = person
        self._mails = mails

    @property
    def standing(self) -> Standing | None:
        return self._person.standing if self._person else None

    async def record(self, change: Change) -> Standing:
        await self._connection.execute(_new_standing(change))
        await self._connection.execute(_new_history(change))
        await self._connection.execute(_new_audit(change))
        assert self._person is not None  # noqa: S101 - a change is of somebody's standing
        person = self._person
        addressee = Addressee(person.email, person.org_id, person.first_name)
        for row in rows_for(change, addressee, self._mails):
            await self._connection.execute(insert(event_outbox).values(row))
        if change.after is Status.DENIED:
            await self._end_sessions(change)
        stands = reading.people().where(users.c.id == change.order.user_id)
        return reading.standing_of((await self._connection.execute(stands)).mappings().one())

    async def make_admin(self, role: str, correlation_id: UUID, at: datetime) -> bool:
        assert self._person is not None  # noqa: S101 - roles are somebody's
        mine = users.c.id == self._person.user_id
        query = select(users.c.roles).where(mine).with_for_update()
        roles = (await self._connection.execute(query)).scalar_one()
        held = list(roles) if isinstance(roles, list) else []
        if role in held:
            return False
        await self._connection.execute(update(users).where(mine).values(roles=[*held, role]))
        details = {"target_user_id": str(self._person.user_id), "role": role}
        row = _audit_row("user_role_granted", None, details, correlation_id, at)
        await self._connection.execute(insert(audit_logs).values(row))
        return True

    async def _end_sessions(self, change: Change) -> None:
        """Both tables: one decides about refreshing, the other is what people are shown."""
        user_id = change.order.user_id
        ended = delete(refresh_sessions).where(refresh_sessions.c.user_id == user_id)
        shown = update(user_sessions).where(
            user_sessions.c.user_id == user_id, user_sessions.c.revoked_at.is_(None)
        )
        await self._connection.execute(ended)
        await self._connection.execute(shown.values(revoked_at=change.at))


async def _locked(connection: AsyncConnection, user_id: UUID) -> bool:
    """Keep others from deciding on this person until we are done; False without a row."""
    mine = user_approvals.c.user_id == user_id
    if connection.dialect.name == "sqlite":
        # SQLite has one lock for all writers, and takes it at the first write.
        touched = update(user_approvals).where(mine).values(version=user_approvals.c.version)
        return bool((await connection.execute(touched)).rowcount)
    query = select(user_approvals.c.user_id).where(mine).with_for_update()
    return (await connection.execute(query)).first() is not None


def _new_standing(change: Change) -> Any:
    mine = user_approvals.c.user_id == change.order.user_id
    return (
        update(user_approvals)
        .where(mine)
        .values(
            status=change.after.value,
            version=change.version,
            decided_at=change.at,
            decided_by=change.order.actor,
            reason=change.order.reason,
        )
    )


def _new_history(change: Change) -> Any:
    order = change.order
    return insert(user_decisions).values(
        user_id=order.user_id,
        action=order.action.value,
        from_status=change.before.value,
        to_status=change.after.value,
        version=change.version,
        actor_id=order.actor,
        reason=order.reason,
        correlation_id=order.correlation_id,
        decided_at=change.at,
    )


def _new_audit(change: Change) -> Any:
    order = change.order
    details = {
        "target_user_id": str(order.user_id),
        "from": change.before.value,
        "to": change.after.value,
        "version": change.version,
        "reason": order.reason,
        "service": order.service,
    }
    action = f"user_{change.after.value}"
    row = _audit_row(action, order.actor, details, order.correlation_id, change.at)
    return insert(audit_logs).values(row)


def _audit_row(
    action: str,
    actor: UUID | None,
    details: Mapping[str, object],
    correlation_id: UUID,
    at: datetime,
) -> dict[str, object]:
    """`user_id` is who acted, as in all of Identity's rows; the details say to whom."""
    return {
        "id": uuid4(),
        "user_id": actor,
        "action": action,
        "details": dict(details),
        "correlation_id": correlation_id,
        "created_at": at,
    }
