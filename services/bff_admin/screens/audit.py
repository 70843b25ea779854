"""The audit of settings and accounts, a page at a time."""

from bff_core.clock import Clock
from bff_core.context import RequestContext
from services.bff_admin.dto.audit_v1 import AdminAuditQuery, AdminAuditV1
from services.bff_admin.ports import TrailQuery
from services.bff_admin.screens.audit_cursor import decode_cursor, encode_cursor
from services.bff_admin.screens.audit_merge import merge_page
from services.bff_admin.screens.audit_trail import SOURCES, AuditTrail
from services.bff_admin.screens.parts import describe_all, value_or_none


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
