"""Small stand-ins for Identity, the config service and everybody's health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bff_core.composition import Fetched
from bff_core.context import ADMIN, RequestContext
from bff_core.errors import BffError
from bff_core.testing import a_context
from services.bff_admin.contracts.config_audit import Change, ChangePage
from services.bff_admin.contracts.identity import Decision, DecisionPage

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
CORRELATION = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"


def an_admin() -> RequestContext:
    return a_context("admin-1", roles=(ADMIN,))


def a_change(sequence: int, minute: int) -> Change:
    return Change(
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
class FakeChanges:
    """`rows` are newest first; `asked` keeps what was asked for."""

    rows: Sequence[Change] = ()
    down: BffError | None = None
    asked: list[Mapping[str, object]] = field(default_factory=list)

    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[ChangePage]:
        self.asked.append({"before": before, "actor": actor, "since": since})
        if self.down:
            raise self.down
        found = [row for row in self.rows if before is None or row.sequence < before]
        return Fetched(ChangePage(found[:limit], "more" if len(found) > limit else None))


@dataclass
class FakeDecisions:
    rows: Sequence[Decision] = ()
    down: BffError | None = None

    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[DecisionPage]:
        if self.down:
            raise self.down
        found = [row for row in self.rows if before is None or row.sequence < before]
        return Fetched(DecisionPage(found[:limit], "more" if len(found) > limit else None))
