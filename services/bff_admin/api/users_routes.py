"""Accounts that wait for approval, and the decisions on them."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.composition import WithHeaders
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
from services.bff_admin.dto.user_decisions_v1 import (
    AdminInvitationV1,
    AdminUserDecisionsV1,
    AdminUserDecisionV1,
    ApproveUserV1,
    DeactivateUserV1,
    DenyUserV1,
    InviteUserV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import (
    AdminPendingUsersV1,
    AdminUserDetailV1,
    AdminUsersV1,
    PendingUsersQuery,
    UsersQuery,
)
from services.bff_admin.ports import Accounts

blueprint = Blueprint("users", __name__)


@blueprint.get("/users/pending")
@operation_id("getPendingUsers")
@access("admin")
@takes_query(PendingUsersQuery)
@returns(AdminPendingUsersV1)
@inject
async def pending(
    query_args: PendingUsersQuery, accounts: FromDishka[Accounts], ctx: FromDishka[RequestContext]
) -> AdminPendingUsersV1:
    """Accounts that wait for approval, longest waiting first."""
    return await accounts.pending(ctx, query_args)


@blueprint.get("/users")
@operation_id("getUsers")
@access("admin")
@takes_query(UsersQuery)
@returns(AdminUsersV1)
@inject
async def users(
    query_args: UsersQuery, accounts: FromDishka[Accounts], ctx: FromDishka[RequestContext]
) -> AdminUsersV1:
    """Accounts and where they stand, longest waiting first."""
    return await accounts.page(ctx, query_args)


@blueprint.get("/users/<user_id>")
@operation_id("getUser")
@access("admin")
@error_responses(NotFound)
@returns(AdminUserDetailV1)
@inject
async def user(
    user_id: str, accounts: FromDishka[Accounts], ctx: FromDishka[RequestContext]
) -> AdminUserDetailV1:
    """One account with the decisions on it."""
    return await accounts.one(ctx, user_id)


@blueprint.post("/users/<user_id>/approve")
@operation_id("approveUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(ApproveUserV1)
@returns(AdminUserDecisionV1)
@inject
async def approve(
    user_id: str,
    data: ApproveUserV1,
    accounts: FromDishka[Accounts],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminUserDecisionV1]:
    """Let the person in."""
    return await accounts.decide(ctx, user_id, "approve", data)


@blueprint.post("/users/<user_id>/deny")
@operation_id("denyUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DenyUserV1)
@returns(AdminUserDecisionV1)
@inject
async def deny(
    user_id: str,
    data: DenyUserV1,
    accounts: FromDishka[Accounts],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminUserDecisionV1]:
    """Keep the person out; whoever was in already is signed out."""
    return await accounts.decide(ctx, user_id, "deny", data)


@blueprint.post("/users/<user_id>/deactivate")
@operation_id("deactivateUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DeactivateUserV1)
@returns(AdminUserDecisionV1)
@inject
async def deactivate(
    user_id: str,
    data: DeactivateUserV1,
    accounts: FromDishka[Accounts],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminUserDecisionV1]:
    """Take an approved person's access until further notice; they are signed out."""
    return await accounts.decide(ctx, user_id, "deactivate", data)


@blueprint.post("/users/<user_id>/reactivate")
@operation_id("reactivateUser")
@access("admin")
@error_responses(NotFound, Conflict)
@response_headers("Idempotent-Replay")
@takes_body(DeactivateUserV1)
@returns(AdminUserDecisionV1)
@inject
async def reactivate(
    user_id: str,
    data: DeactivateUserV1,
    accounts: FromDishka[Accounts],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminUserDecisionV1]:
    """Give a deactivated person their access back."""
    return await accounts.decide(ctx, user_id, "reactivate", data)


@blueprint.post("/users/invite")
@operation_id("inviteUser")
@access("admin")
@error_responses(Conflict, PreconditionRequired)
@response_headers("Idempotent-Replay")
@takes_headers(OnceHeadersV1)
@takes_body(InviteUserV1)
@returns(AdminInvitationV1, 201)
@inject
async def invite(
    data: InviteUserV1,
    headers: OnceHeadersV1,
    accounts: FromDishka[Accounts],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminInvitationV1]:
    """Make an approved account in the admin's organisation; its person gets a mail."""
    return await accounts.invite(ctx, data, headers.idempotency_key)


@blueprint.post("/users/decisions")
@operation_id("decideUsers")
@access("admin")
@takes_body(UserDecisionsV1)
@returns(AdminUserDecisionsV1)
@inject
async def decide_many(
    data: UserDecisionsV1, accounts: FromDishka[Accounts], ctx: FromDishka[RequestContext]
) -> AdminUserDecisionsV1:
    """Decide on up to 100 accounts, each for itself."""
    return await accounts.decide_many(ctx, data)
