"""A casebook in memory: one file a person, nothing kept when its context is left by an error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bff_core.context import Deadline
from bff_core.errors import Unavailable
from services.identity_admin.standing import Change, Standing


class MemoryCase:
    def __init__(self, standing: Standing | None) -> None:
        self.standing = standing
        self.changes: list[Change] = []

    async def record(self, change: Change) -> Standing:
        assert self.standing is not None
        self.standing = replace(
            self.standing,
            status=change.after,
            version=change.version,
            decided_at=change.at,
            decided_by=change.order.actor,
            reason=change.order.reason,
        )
        self.changes.append(change)
        return self.standing

    async def make_admin(self, role: str, correlation_id: UUID, at: datetime) -> bool:
        return True


class MemoryCasebook:
    def __init__(self, *standings: Standing) -> None:
        self.standings = {standing.user_id: standing for standing in standings}
        self.changes: list[Change] = []
        self.broken: set[UUID] = set()

    @asynccontextmanager
    async def open(self, user_id: UUID, deadline: Deadline) -> AsyncIterator[MemoryCase]:
        if user_id in self.broken:
            raise Unavailable
        case = MemoryCase(self.standings.get(user_id))
        yield case
        if case.standing is not None:
            self.standings[user_id] = case.standing
        self.changes.extend(case.changes)

    async def find(self, email: str, deadline: Deadline) -> UUID | None:
        return None
