"""Routes of screen 6: who waits, and letting them in or not."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.errors import Conflict, NotFound
from bff_core.server import (
    access,
    error_responses,
    inject,
    response_headers,
    returns,
    takes_body,
    takes_query,
)
from services.identity_admin.api.replays import marks_replays
from services.identity_admin.domain_handlers.deciding import Decided, Deciding
from services.identity_admin.domain_handlers.deciding_many import DecidingMany
from services.identity_admin.domain_handlers.listing import Listing
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
from services.identity_admin.standing import Action

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
@access("admin")
@takes_query(UserQuery)
@returns(UserListV1)
@inject
async def users(
    query_args: UserQuery, listing: FromDishka[Listing], ctx: FromDishka[RequestContext]
) -> UserListV1:
    """Accounts and where they stand, longest waiting first."""
    return await listing.users(ctx, query_args)


@blueprint.get("/pending")
@access("admin")
@takes_query(PendingQuery)
@returns(UserListV1)
@inject
async def pending(
    query_args: PendingQuery, listing: FromDishka[Listing], ctx: FromDishka[RequestContext]
) -> UserListV1:
    """Accounts that wait for approval, longest waiting first."""
    return await listing.pending(ctx, query_args)


@blueprint.get("/<user_id>")
@access("admin")
@error_responses(NotFound)
@returns(UserApprovalDetailV1)
@inject
async def user(
    user_id: str, listing: FromDishka[Listing], ctx: FromDishka[RequestContext]
) -> UserApprovalDetailV1:
    """One account with the decisions on it."""
    return await listing.user(ctx, user_id)


@blueprint.post("/<user_id>/approve")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(ApproveRequestV1)
@returns(UserDecisionV1)
@marks_replays
@inject
async def approve(
    user_id: str,
    data: ApproveRequestV1,
    deciding: FromDishka[Deciding],
    ctx: FromDishka[RequestContext],
) -> Decided:
    """Let the person in."""
    return await deciding.decide(ctx, user_id, Action.APPROVE, data.expected_version, data.note)


@blueprint.post("/<user_id>/deny")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DenyRequestV1)
@returns(UserDecisionV1)
@marks_replays
@inject
async def deny(
    user_id: str,
    data: DenyRequestV1,
    deciding: FromDishka[Deciding],
    ctx: FromDishka[RequestContext],
) -> Decided:
    """Keep the person out; whoever was in already is signed out."""
    return await deciding.decide(ctx, user_id, Action.DENY, data.expected_version, data.reason)


@blueprint.post("/decisions")
@access("admin")
@takes_body(DecisionsRequestV1)
@returns(DecisionsResultV1)
@inject
async def decide_many(
    data: DecisionsRequestV1, deciding: FromDishka[DecidingMany], ctx: FromDishka[RequestContext]
) -> DecisionsResultV1:
    """Decide on up to 100 accounts, each for itself."""
    return await deciding.decide(ctx, data)
