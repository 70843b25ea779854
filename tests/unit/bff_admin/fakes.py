"""Fakes of the sources of the audit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bff_core.composition import Fetched
from bff_core.context import ADMIN, RequestContext
from bff_core.errors import BffError
from bff_core.testing import a_context
from services.bff_admin.contracts import Decision, DecisionPage, SettingChange, SettingChangePage
from services.bff_admin.ports import TrailQuery

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
CORRELATION = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"


def an_admin() -> RequestContext:
    return a_context("admin-1", roles=(ADMIN,))


def a_change(sequence: int, minute: int) -> SettingChange:
    return SettingChange(
        sequence=sequence,
        at=START + timedelta(minutes=minute),
        actor="admin-1",
        correlation_id=CORRELATION,
        namespace="uploads",
        version_before=sequence - 1,
        version_after=sequence,
        reason="because",
        diff=[],
    )


def a_decision(sequence: int, minute: int) -> Decision:
    return Decision(
        sequence=sequence,
        user_id="5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
        action="approve",
        from_status="pending",
        to_status="approved",
        version=2,
        decided_at=START + timedelta(minutes=minute),
        decided_by=None,
        decided_by_name=None,
        reason=None,
        correlation_id=CORRELATION,
    )


@dataclass
class FakeSettingChanges:
    """`rows` are newest first; `queries` records the calls."""

    rows: Sequence[SettingChange] = ()
    down: BffError | None = None
    queries: list[TrailQuery] = field(default_factory=list)

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[SettingChangePage]:
        self.queries.append(query)
        if self.down:
            raise self.down
        found = [row for row in self.rows if query.before is None or row.sequence < query.before]
        return Fetched(
            SettingChangePage(found[: query.limit], "more" if len(found) > query.limit else None)
        )


@dataclass
class FakeDecisions:
    rows: Sequence[Decision] = ()
    down: BffError | None = None

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[DecisionPage]:
        if self.down:
            raise self.down
        found = [row for row in self.rows if query.before is None or row.sequence < query.before]
        return Fetched(
            DecisionPage(found[: query.limit], "more" if len(found) > query.limit else None)
        )
