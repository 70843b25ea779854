"""Changes of settings and of accounts as entries of one trail, read from both sources at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bff_core.composition import Fetched, Part, fan_out
from bff_core.context import RequestContext
from services.bff_admin.contracts.config_audit import Change, ChangePage
from services.bff_admin.contracts.identity import Decision, DecisionPage
from services.bff_admin.dto.audit_v1 import AuditEntryV1, AuditSettingV1, AuditUserV1, Source
from services.bff_admin.ports import Changes, Decisions
from services.bff_admin.screens.audit_merge import Batch, Place, Position
from services.bff_admin.screens.parts import part

SETTINGS: Source = "settings"
USERS: Source = "users"
SOURCES: tuple[Source, ...] = (SETTINGS, USERS)
_OVER: Batch[AuditEntryV1] = Batch()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: how many of each source, and whose, and how old at most."""

    limit: int
    actor: str | None = None
    since: datetime | None = None


class AuditTrail:
    def __init__(self, changes: Changes, decisions: Decisions) -> None:
        self._changes = changes
        self._decisions = decisions

    async def next(
        self, ctx: RequestContext, position: Position, wanted: Wanted
    ) -> Mapping[str, Part[Batch[AuditEntryV1]]]:
        """What comes next of each source; a source that has ended is not asked."""
        async with fan_out() as group:
            asked = {
                name: group.create_task(part(self._batch(ctx, name, place, wanted)))
                for name, place in position.places.items()
            }
        return {name: task.result() for name, task in asked.items()}

    async def _batch(
        self, ctx: RequestContext, source: str, place: Place, wanted: Wanted
    ) -> Fetched[Batch[AuditEntryV1]]:
        if place.ended:
            return Fetched(_OVER)
        if source == SETTINGS:
            changes = await self._changes.newest(
                ctx,
                limit=wanted.limit,
                before=place.before,
                actor=wanted.actor,
                since=wanted.since,
            )
            return changes.holding(_of_settings(changes.value))
        decisions = await self._decisions.newest(
            ctx, limit=wanted.limit, before=place.before, actor=wanted.actor, since=wanted.since
        )
        return decisions.holding(_of_users(decisions.value))


def _of_settings(page: ChangePage) -> Batch[AuditEntryV1]:
    return Batch([_changed(one) for one in page.entries], page.next_cursor is not None)


def _of_users(page: DecisionPage) -> Batch[AuditEntryV1]:
    return Batch([_decided(one) for one in page.decisions], page.next_cursor is not None)


def _changed(change: Change) -> AuditEntryV1:
    return AuditEntryV1(
        source=SETTINGS,
        sequence=change.sequence,
        at=change.at,
        actor=change.actor,
        actor_name=None,
        reason=change.reason,
        correlation_id=change.correlation_id,
        setting=AuditSettingV1(
            namespace=change.namespace,
            version_before=change.version_before,
            version_after=change.version_after,
            diff=change.diff,
        ),
        user=None,
    )


def _decided(decision: Decision) -> AuditEntryV1:
    return AuditEntryV1(
        source=USERS,
        sequence=decision.sequence,
        at=decision.decided_at,
        actor=decision.decided_by,
        actor_name=decision.decided_by_name,
        reason=decision.reason,
        correlation_id=decision.correlation_id,
        setting=None,
        user=AuditUserV1(
            user_id=decision.user_id,
            action=decision.action,
            from_status=decision.from_status,
            to_status=decision.to_status,
            version=decision.version,
        ),
    )
