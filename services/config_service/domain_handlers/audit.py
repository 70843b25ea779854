"""Reading the audit, and proving that nothing was taken from it or put into it."""

import json

from bff_core.clock import to_wire
from bff_core.context import RequestContext
from bff_core.errors import NotFound, Unavailable
from services.config_service.chain import ChainCheck, Entry, Fault, Seal
from services.config_service.dto.audit_v1 import (
    AuditEntryDetailV1,
    AuditEntryV1,
    AuditFaultV1,
    AuditPageV1,
    AuditQuery,
    AuditVerdictV1,
)
from services.config_service.json_patch import difference
from services.config_service.ports import Audit, AuditFilter


class AuditHandler:
    """Every method raises Unavailable without the store."""

    def __init__(self, audit: Audit, seal: Seal) -> None:
        self._audit = audit
        self._seal = seal

    async def page(self, query: AuditQuery) -> AuditPageV1:
        chosen = AuditFilter(
            namespace=query.namespace,
            actor=query.actor,
            since=to_wire(query.since) if query.since else None,
            before=int(query.cursor) if query.cursor else None,
        )
        found = await self._audit.entries(chosen, limit=query.limit + 1)
        page = found[: query.limit]
        return AuditPageV1(
            entries=[_summary(entry) for entry in page],
            next_cursor=str(page[-1].sequence) if len(found) > query.limit else None,
        )

    async def entry(self, sequence: int) -> AuditEntryDetailV1:
        """One entry with all that is sealed.

        Raises:
            NotFound: There is none of that number.
        """
        entry = await self._audit.entry(sequence)
        if entry is None:
            raise NotFound("There is no such entry", details={"reason": "unknown_entry"})
        return AuditEntryDetailV1(
            **_summary(entry).model_dump(),
            before=json.loads(entry.before),
            after=json.loads(entry.after),
            prev_mac=entry.prev_mac,
            mac=entry.mac,
        )

    async def verify(
        self, *, noted: str | None = None, ctx: RequestContext | None = None
    ) -> AuditVerdictV1:
        """Go along the whole chain; a request does so only until its answer is due.

        Raises:
            Unavailable: The chain is too long for one request.
        """
        check = ChainCheck(self._seal, noted)
        fault: Fault | None = None
        async with self._audit.walk() as (entries, head):
            async for entry in entries:
                fault = check.feed(entry)
                if fault:
                    break
                if ctx is not None and ctx.deadline.passed:
                    raise _too_long()
            fault = fault or check.finish(head)
        return AuditVerdictV1(
            valid=fault is None,
            length=check.end.sequence,
            head=check.end.mac,
            fault=AuditFaultV1(sequence=fault.sequence, problem=fault.problem) if fault else None,
        )


def _too_long() -> Unavailable:
    return Unavailable(
        "The audit is too long to verify in one request; use the command verify-audit",
        details={"reason": "audit_too_long"},
    )


def _summary(entry: Entry) -> AuditEntryV1:
    return AuditEntryV1(
        sequence=entry.sequence,
        at=entry.at,
        actor=entry.actor,
        service=entry.service,
        correlation_id=entry.correlation_id,
        namespace=entry.namespace,
        version_before=entry.version_before,
        version_after=entry.version_after,
        reason=entry.reason,
        diff=difference(json.loads(entry.before), json.loads(entry.after)),
    )
