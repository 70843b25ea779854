"""The audit of settings and accounts: both sources as entries of one, a page at a time."""

from collections.abc import Mapping
from dataclasses import replace

from bff_core.clock import Clock
from bff_core.composition import Fetched, Part, fan_out
from bff_core.context import RequestContext
from services.bff_admin.contracts import Decision, SettingChange
from services.bff_admin.dto.audit_v1 import (
    AdminAuditQuery,
    AdminAuditV1,
    AuditEntryV1,
    AuditSettingV1,
    AuditUserV1,
    Source,
)
from services.bff_admin.ports import Decisions, SettingChanges, TrailQuery
from services.bff_admin.screens.audit_merge import (
    MergePosition,
    SourceBatch,
    SourcePosition,
    decode_cursor,
    encode_cursor,
    merge_page,
)
from services.bff_admin.screens.parts import describe_all, optional_part, value_or_none

SETTINGS: Source = "settings"
USERS: Source = "users"
SOURCES: tuple[Source, ...] = (SETTINGS, USERS)


class AuditTrail:
    def __init__(self, changes: SettingChanges, decisions: Decisions) -> None:
        self._changes = changes
        self._decisions = decisions

    async def next(
        self, ctx: RequestContext, position: MergePosition, query: TrailQuery
    ) -> Mapping[str, Part[SourceBatch[AuditEntryV1]]]:
        """The next batch of each source; an exhausted source is not called."""
        async with fan_out() as group:
            batches = {
                name: group.create_task(optional_part(self._batch(ctx, name, source, query)))
                for name, source in position.sources.items()
            }
        return {name: batch.result() for name, batch in batches.items()}

    async def _batch(
        self, ctx: RequestContext, name: str, source: SourcePosition, query: TrailQuery
    ) -> Fetched[SourceBatch[AuditEntryV1]]:
        if source.exhausted:
            return Fetched(SourceBatch())
        query = replace(query, before=source.before)
        if name == SETTINGS:
            changes = await self._changes.newest(ctx, query)
            entries = [_setting_entry(change) for change in changes.value.entries]
            return changes.holding(SourceBatch(entries, changes.value.next_cursor is not None))
        decisions = await self._decisions.newest(ctx, query)
        entries = [_user_entry(decision) for decision in decisions.value.decisions]
        return decisions.holding(SourceBatch(entries, decisions.value.next_cursor is not None))


def _setting_entry(change: SettingChange) -> AuditEntryV1:
    return AuditEntryV1(
        source=SETTINGS,
        sequence=change.sequence,
        at=change.at,
        actor=change.actor,
        actor_name=None,
        reason=change.reason,
        correlation_id=change.correlation_id,
        setting=AuditSettingV1.model_validate(change, from_attributes=True),
        user=None,
    )


def _user_entry(decision: Decision) -> AuditEntryV1:
    return AuditEntryV1(
        source=USERS,
        sequence=decision.sequence,
        at=decision.decided_at,
        actor=decision.decided_by,
        actor_name=decision.decided_by_name,
        reason=decision.reason,
        correlation_id=decision.correlation_id,
        setting=None,
        user=AuditUserV1.model_validate(decision, from_attributes=True),
    )


class AuditScreen:
    """Optional parts: `settings` and `users`, as far as the filter selects them."""

    def __init__(self, trail: AuditTrail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock

    async def load(self, ctx: RequestContext, query: AdminAuditQuery) -> AdminAuditV1:
        """One page.

        Raises:
            ValidationFailed: The cursor is invalid, or belongs to other filters.
        """
        sources = (query.source,) if query.source else SOURCES
        position = decode_cursor(query, sources)
        # Taken before the calls: entries that are made during them do not make the page incomplete.
        now = self._clock.now()
        trail_query = TrailQuery(query.limit, query.actor, query.since)
        parts = await self._trail.next(ctx, position, trail_query)
        batches = {name: value_or_none(part) for name, part in parts.items()}
        page = merge_page(position, batches, query.limit, now)
        return AdminAuditV1(
            entries=[entry for _, entry in page.entries],
            next_cursor=encode_cursor(page.position, query),
            complete_until=page.complete_until,
            parts=describe_all(parts),
        )
