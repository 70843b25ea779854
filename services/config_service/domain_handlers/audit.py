"""Reads and verification of the audit log."""

import json
from dataclasses import asdict

from bff_core.clock import to_wire
from bff_core.context import RequestContext
from bff_core.errors import NotFound, Unavailable
from services.config_service.chain import AuditEntry, ChainFault, ChainVerifier, Seal
from services.config_service.dto.audit_v1 import (
    AuditEntryDetailV1,
    AuditEntryV1,
    AuditFaultV1,
    AuditPageV1,
    AuditQuery,
    AuditVerdictV1,
)
from services.config_service.ports import AuditFilter, AuditLog
from services.config_service.values import make_patch


class AuditHandler:
    """Every method raises Unavailable without the database."""

    def __init__(self, audit: AuditLog, seal: Seal) -> None:
        self._audit = audit
        self._seal = seal

    async def page(self, query: AuditQuery) -> AuditPageV1:
        selected = AuditFilter(
            namespace=query.namespace,
            actor=query.actor,
            since=to_wire(query.since) if query.since else None,
            before=int(query.cursor) if query.cursor else None,
        )
        # One entry more than the page holds shows that there is a next page.
        found = await self._audit.entries(selected, limit=query.limit + 1)
        page = found[: query.limit]
        return AuditPageV1(
            entries=[AuditEntryV1.model_validate(_fields_of(entry)) for entry in page],
            next_cursor=str(page[-1].sequence) if len(found) > query.limit else None,
        )

    async def entry(self, sequence: int) -> AuditEntryDetailV1:
        """One entry with its values and MACs.

        Raises:
            NotFound: No entry has that number.
        """
        entry = await self._audit.entry(sequence)
        if entry is None:
            raise NotFound("There is no such entry", details={"reason": "unknown_entry"})
        return AuditEntryDetailV1.model_validate(_fields_of(entry))

    async def verify(
        self, *, noted_head: str | None = None, ctx: RequestContext | None = None
    ) -> AuditVerdictV1:
        """Verify the whole chain, within the deadline of `ctx` if there is one.

        Raises:
            Unavailable: The chain is too long for one request.
        """
        verifier = ChainVerifier(self._seal, noted_head)
        fault: ChainFault | None = None
        async with self._audit.walk() as (entries, head):
            async for entry in entries:
                fault = verifier.check(entry)
                if fault:
                    break
                if ctx is not None and ctx.deadline.passed:
                    raise Unavailable(
                        "The audit is too long to verify in one request; use verify-audit",
                        details={"reason": "audit_too_long"},
                    )
            fault = fault or verifier.finish(head)
        return AuditVerdictV1(
            valid=fault is None,
            length=verifier.end.sequence,
            head=verifier.end.mac,
            fault=AuditFaultV1(sequence=fault.sequence, problem=fault.problem) if fault else None,
        )


def _fields_of(entry: AuditEntry) -> dict[str, object]:
    """The entry with its values in place of their JSON texts, and the patch between the two."""
    before, after = json.loads(entry.before), json.loads(entry.after)
    return asdict(entry) | {"before": before, "after": after, "diff": make_patch(before, after)}
