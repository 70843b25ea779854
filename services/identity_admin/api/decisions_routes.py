"""Routes of the decisions on accounts."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns, takes_query
from services.identity_admin.domain_handlers.query_handler import ApprovalQueryHandler
from services.identity_admin.dto.user_approval_v1 import DecisionListV1, DecisionQuery
from services.identity_admin.models import Admin

blueprint = Blueprint("decisions", __name__, url_prefix="/decisions")


@blueprint.get("")
@operation_id("getDecisions")
@access("admin")
@takes_query(DecisionQuery)
@returns(DecisionListV1)
@inject
async def decisions(
    query_args: DecisionQuery,
    handler: FromDishka[ApprovalQueryHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> DecisionListV1:
    """Decisions on all accounts of the admin, newest first."""
    return await handler.list_decisions(ctx, admin.scope, query_args)
