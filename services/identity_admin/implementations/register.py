"""Reading who stands where, over Identity's database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.implementations import reading
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import (
    user_approvals,
    user_decisions,
    user_profiles,
    users,
)
from services.identity_admin.protocols import Filter, HistoryFilter, Place
from services.identity_admin.standing import PastDecision, Person


class SqlRegister:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def people(
        self, wanted: Filter, after: Place | None, limit: int, deadline: Deadline
    ) -> Sequence[Person]:
        rows = await self._rows(page_of(wanted, after, limit), deadline)
        return [reading.person_of(row) for row in rows]

    async def person(self, user_id: UUID, deadline: Deadline) -> Person | None:
        rows = await self._rows(reading.anybody().where(users.c.id == user_id), deadline)
        return reading.person_of(rows[0]) if rows else None

    async def history(
        self, wanted: HistoryFilter, limit: int, deadline: Deadline
    ) -> Sequence[PastDecision]:
        rows = await self._rows(history_of(wanted, limit), deadline)
        return [reading.past_of(row) for row in rows]

    async def _rows(self, query: Select[Any], deadline: Deadline) -> Sequence[RowMapping]:
        async with transaction(self._engine, deadline.left()) as connection:
            rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
            return rows


def page_of(wanted: Filter, after: Place | None, limit: int) -> Select[Any]:
    """In the order of one of the two queue indexes, starting behind `after`."""
    # Of every status in one order: by status first, somebody decided on meanwhile would jump.
    place = tuple_(user_approvals.c.requested_at, user_approvals.c.user_id)
    query = reading.people().where(*_conditions(wanted))
    if after is not None:
        query = query.where(place > tuple_(after.requested_at, after.user_id))
    return query.order_by(user_approvals.c.requested_at, user_approvals.c.user_id).limit(limit)


def history_of(wanted: HistoryFilter, limit: int) -> Select[Any]:
    decisions = user_decisions.c
    query = reading.past_decisions()
    if wanted.actor is not None:
        query = query.where(decisions.actor_id == wanted.actor)
    if wanted.user_id is not None:
        query = query.where(decisions.user_id == wanted.user_id)
    if wanted.since is not None:
        query = query.where(decisions.decided_at >= wanted.since)
    if wanted.before is not None:
        query = query.where(decisions.sequence < wanted.before)
    return query.order_by(decisions.sequence.desc()).limit(limit)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(user_approvals.c.status == wanted.status.value)
    if wanted.org_id is not None:
        found.append(users.c.org_id == wanted.org_id)
    if wanted.verified is not None:
        found.append(users.c.email_verified.is_(wanted.verified))
    if wanted.text is not None:
        names = user_profiles.c
        searched = (users.c.email, names.first_name, names.last_name, names.display_name)
        found.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in searched)))
    return found
