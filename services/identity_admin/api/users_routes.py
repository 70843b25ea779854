"""Accounts that wait for approval, and the decisions on them."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.composition import WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import Conflict, NotFound
from bff_core.server import (
    access,
    error_responses,
    inject,
    operation_id,
    response_headers,
    returns,
    takes_body,
    takes_query,
)
from services.identity_admin.domain_handlers.decide_handler import (
    BatchDecideHandler,
    DecideHandler,
    DecisionOutcome,
)
from services.identity_admin.domain_handlers.query_handler import ApprovalQueryHandler
from services.identity_admin.dto.user_approval_v1 import (
    PendingQuery,
    UserApprovalDetailV1,
    UserListV1,
    UserQuery,
)
from services.identity_admin.dto.user_decision_v1 import (
    ApproveRequestV1,
    DecisionsRequestV1,
    DecisionsResultV1,
    DenyRequestV1,
    UserDecisionV1,
)
from services.identity_admin.models import DecisionAction

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
@operation_id("getUsers")
@access("admin")
@takes_query(UserQuery)
@returns(UserListV1)
@inject
async def users(
    query_args: UserQuery,
    handler: FromDishka[ApprovalQueryHandler],
    ctx: FromDishka[RequestContext],
) -> UserListV1:
    """Accounts and where they stand, longest waiting first."""
    return await handler.list_users(ctx, query_args)


@blueprint.get("/pending")
@operation_id("getPendingUsers")
@access("admin")
@takes_query(PendingQuery)
@returns(UserListV1)
@inject
async def pending(
    query_args: PendingQuery,
    handler: FromDishka[ApprovalQueryHandler],
    ctx: FromDishka[RequestContext],
) -> UserListV1:
    """Accounts that wait for approval, longest waiting first."""
    return await handler.list_pending(ctx, query_args)


@blueprint.get("/<user_id>")
@operation_id("getUser")
@access("admin")
@error_responses(NotFound)
@returns(UserApprovalDetailV1)
@inject
async def user(
    user_id: str, handler: FromDishka[ApprovalQueryHandler], ctx: FromDishka[RequestContext]
) -> UserApprovalDetailV1:
    """One account with the decisions on it."""
    return await handler.get_user(ctx, user_id)


@blueprint.post("/<user_id>/approve")
@operation_id("approveUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(ApproveRequestV1)
@returns(UserDecisionV1)
@inject
async def approve(
    user_id: str,
    data: ApproveRequestV1,
    handler: FromDishka[DecideHandler],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[UserDecisionV1]:
    """Let the person in."""
    action = DecisionAction.APPROVE
    return _response(await handler.decide(ctx, user_id, action, data.expected_version, data.note))


@blueprint.post("/<user_id>/deny")
@operation_id("denyUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DenyRequestV1)
@returns(UserDecisionV1)
@inject
async def deny(
    user_id: str,
    data: DenyRequestV1,
    handler: FromDishka[DecideHandler],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[UserDecisionV1]:
    """Keep the person out; whoever was in already is signed out."""
    action = DecisionAction.DENY
    return _response(await handler.decide(ctx, user_id, action, data.expected_version, data.reason))


@blueprint.post("/decisions")
@operation_id("decideUsers")
@access("admin")
@takes_body(DecisionsRequestV1)
@returns(DecisionsResultV1)
@inject
async def decide_many(
    data: DecisionsRequestV1,
    handler: FromDishka[BatchDecideHandler],
    ctx: FromDishka[RequestContext],
) -> DecisionsResultV1:
    """Decide on up to 100 accounts, each for itself."""
    return await handler.decide(ctx, data)


def _response(outcome: DecisionOutcome) -> WithHeaders[UserDecisionV1]:
    headers = {"Idempotent-Replay": "true"} if outcome.replayed else {}
    return WithHeaders(outcome.decision, headers)
