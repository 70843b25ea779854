"""Routes of the audit log."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns, takes_query
from services.bff_admin.dto.audit_v1 import AdminAuditQuery, AdminAuditV1
from services.bff_admin.screens.audit import AuditScreen

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@operation_id("getAudit")
@access("admin")
@takes_query(AdminAuditQuery)
@returns(AdminAuditV1)
@inject
async def audit(
    query_args: AdminAuditQuery, screen: FromDishka[AuditScreen], ctx: FromDishka[RequestContext]
) -> AdminAuditV1:
    """Changes of settings and accounts, newest first."""
    return await screen.load(ctx, query_args)
