"""Accounts that wait for approval, and the decisions on them."""

from collections.abc import Mapping

from dishka import FromDishka
from quart import Blueprint

from bff_core.composition import REPLAYED, WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import Conflict, NotFound, PreconditionRequired
from bff_core.inputs import OnceHeadersV1
from bff_core.server import (
    access,
    error_responses,
    inject,
    operation_id,
    response_headers,
    returns,
    takes_body,
    takes_headers,
    takes_query,
)
from services.identity_admin.domain_handlers.decide_handler import DecideHandler, DecisionOutcome
from services.identity_admin.domain_handlers.invite_handler import InviteHandler
from services.identity_admin.domain_handlers.query_handler import ApprovalQueryHandler
from services.identity_admin.dto.user_approval_v1 import (
    PendingQuery,
    UserApprovalDetailV1,
    UserListV1,
    UserQuery,
)
from services.identity_admin.dto.user_decision_v1 import (
    ApproveRequestV1,
    DeactivationRequestV1,
    DecisionsRequestV1,
    DecisionsResultV1,
    DenyRequestV1,
    InvitationRequestV1,
    InvitationV1,
    UserDecisionV1,
)
from services.identity_admin.models import Admin, DecisionAction

APPROVE, DENY = DecisionAction.APPROVE, DecisionAction.DENY
DEACTIVATE, REACTIVATE = DecisionAction.DEACTIVATE, DecisionAction.REACTIVATE

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
    admin: FromDishka[Admin],
) -> UserListV1:
    """Accounts and where they stand, longest waiting first."""
    return await handler.list_users(ctx, admin.scope, query_args, query_args.status)


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
    admin: FromDishka[Admin],
) -> UserListV1:
    """Accounts that wait for approval, longest waiting first."""
    return await handler.list_users(ctx, admin.scope, query_args, "pending")


@blueprint.get("/<user_id>")
@operation_id("getUser")
@access("admin")
@error_responses(NotFound)
@returns(UserApprovalDetailV1)
@inject
async def user(
    user_id: str,
    handler: FromDishka[ApprovalQueryHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> UserApprovalDetailV1:
    """One account with the decisions on it."""
    return await handler.get_user(ctx, admin.scope, user_id)


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
    admin: FromDishka[Admin],
) -> WithHeaders[UserDecisionV1]:
    """Let the person in."""
    return _response(
        await handler.decide(ctx, admin, user_id, APPROVE, data.expected_version, reason=data.note)
    )


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
    admin: FromDishka[Admin],
) -> WithHeaders[UserDecisionV1]:
    """Keep the person out; whoever was in already is signed out."""
    return _response(
        await handler.decide(ctx, admin, user_id, DENY, data.expected_version, reason=data.reason)
    )


@blueprint.post("/<user_id>/deactivate")
@operation_id("deactivateUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DeactivationRequestV1)
@returns(UserDecisionV1)
@inject
async def deactivate(
    user_id: str,
    data: DeactivationRequestV1,
    handler: FromDishka[DecideHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> WithHeaders[UserDecisionV1]:
    """Take an approved person's access until further notice; they are signed out."""
    return _response(
        await handler.decide(
            ctx, admin, user_id, DEACTIVATE, data.expected_version, reason=data.reason
        )
    )


@blueprint.post("/<user_id>/reactivate")
@operation_id("reactivateUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DeactivationRequestV1)
@returns(UserDecisionV1)
@inject
async def reactivate(
    user_id: str,
    data: DeactivationRequestV1,
    handler: FromDishka[DecideHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> WithHeaders[UserDecisionV1]:
    """Give a deactivated person their access back."""
    return _response(
        await handler.decide(
            ctx, admin, user_id, REACTIVATE, data.expected_version, reason=data.reason
        )
    )


@blueprint.post("/invite")
@operation_id("inviteUser")
@access("admin")
@error_responses(Conflict, PreconditionRequired)
@response_headers("Idempotent-Replay")
@takes_headers(OnceHeadersV1)
@takes_body(InvitationRequestV1)
@returns(InvitationV1, 201)
@inject
async def invite(
    data: InvitationRequestV1,
    headers: OnceHeadersV1,
    handler: FromDishka[InviteHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> WithHeaders[InvitationV1]:
    """Make an approved account in the admin's organisation; its person gets a mail."""
    made, replayed = await handler.invite(ctx, admin, headers.idempotency_key, data)
    return WithHeaders(made, _replay_headers(replayed=replayed))


@blueprint.post("/decisions")
@operation_id("decideUsers")
@access("admin")
@takes_body(DecisionsRequestV1)
@returns(DecisionsResultV1)
@inject
async def decide_many(
    data: DecisionsRequestV1,
    handler: FromDishka[DecideHandler],
    ctx: FromDishka[RequestContext],
    admin: FromDishka[Admin],
) -> DecisionsResultV1:
    """Decide on up to 100 accounts, each for itself."""
    return await handler.decide_many(ctx, admin, data)


def _response(outcome: DecisionOutcome) -> WithHeaders[UserDecisionV1]:
    return WithHeaders(outcome.decision, _replay_headers(replayed=outcome.replayed))


def _replay_headers(*, replayed: bool) -> Mapping[str, str]:
    return REPLAYED if replayed else {}
