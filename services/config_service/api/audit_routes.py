"""The audit, for admins."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.server import access, error_responses, inject, operation_id, returns, takes_query
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.dto.audit_v1 import (
    AuditEntryDetailV1,
    AuditPageV1,
    AuditQuery,
    AuditVerdictV1,
)

LARGEST_SEQUENCE = 2**53

blueprint = Blueprint("audit", __name__)


@blueprint.get("/v1/audit")
@operation_id("getAudit")
@access("admin")
@takes_query(AuditQuery)
@returns(AuditPageV1)
@inject
async def page(query_args: AuditQuery, audit: FromDishka[AuditHandler]) -> AuditPageV1:
    """Entries of the audit log, newest first."""
    return await audit.page(query_args)


@blueprint.get("/v1/audit/verify")
@operation_id("verifyAudit")
@access("admin")
@returns(AuditVerdictV1)
@inject
async def verify(
    audit: FromDishka[AuditHandler], ctx: FromDishka[RequestContext]
) -> AuditVerdictV1:
    """Verification of the audit log's hash chain, with its first fault."""
    return await audit.verify(ctx=ctx)


@blueprint.get(f"/v1/audit/<int(max={LARGEST_SEQUENCE}):sequence>")
@operation_id("getAuditEntry")
@access("admin")
@error_responses(NotFound)
@returns(AuditEntryDetailV1)
@inject
async def entry(sequence: int, audit: FromDishka[AuditHandler]) -> AuditEntryDetailV1:
    """One change with its values before and after."""
    return await audit.entry(sequence)
