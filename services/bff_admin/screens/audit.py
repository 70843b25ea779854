"""Who changed what, a page at a time."""

from bff_core.clock import Clock
from bff_core.context import RequestContext
from services.bff_admin.dto.audit_v1 import AdminAuditV1, AuditQuery
from services.bff_admin.screens import audit_cursor
from services.bff_admin.screens.audit_merge import merged
from services.bff_admin.screens.audit_trail import SOURCES, AuditTrail, Wanted
from services.bff_admin.screens.parts import listed, value_of


class AuditScreen:
    """Optional: `settings`, `users`, as far as they are asked for."""

    def __init__(self, trail: AuditTrail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock

    async def load(self, ctx: RequestContext, query: AuditQuery) -> AdminAuditV1:
        """One page.

        Raises:
            ValidationFailed: The cursor is not one of ours, or belongs to other filters.
        """
        sources = (query.source,) if query.source else SOURCES
        position = audit_cursor.read(query, sources)
        # Before the sources are asked: what they get later is no reason to call the page lacking.
        now = self._clock.now()
        parts = await self._trail.next(ctx, position, Wanted(query.limit, query.actor, query.since))
        batches = {name: value_of(part) for name, part in parts.items()}
        page = merged(position, batches, query.limit, now)
        return AdminAuditV1(
            entries=[entry for _, entry in page.entries],
            next_cursor=audit_cursor.written(page.position, query),
            complete_until=page.complete_until,
            parts=listed(parts),
        )
