"""Credits of a teacher, read and changed through the platform's Entitlements."""

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
    takes_headers,
)
from services.bff_admin.dto.credits_v1 import (
    AdjustCreditsV1,
    AdjustHeadersV1,
    AdminCreditChangeV1,
    AdminCreditsV1,
    SetCreditsV1,
)
from services.bff_admin.screens.adjustment import AdjustmentScreen
from services.bff_admin.screens.credits import CreditsScreen

blueprint = Blueprint("credits", __name__)


@blueprint.get("/credits/<user_id>")
@operation_id("getCredits")
@access("admin")
@error_responses(NotFound)
@returns(AdminCreditsV1)
@inject
async def read(
    user_id: str, screen: FromDishka[CreditsScreen], ctx: FromDishka[RequestContext]
) -> AdminCreditsV1:
    """Balance of an account and its newest bookings."""
    return await screen.load(ctx, user_id)


@blueprint.post("/credits/<user_id>/adjust")
@operation_id("adjustCredits")
@access("admin")
@error_responses(Conflict, NotFound)
@response_headers("Idempotent-Replay")
@takes_headers(AdjustHeadersV1)
@takes_body(AdjustCreditsV1)
@returns(AdminCreditChangeV1)
@inject
async def adjust(
    user_id: str,
    data: AdjustCreditsV1,
    headers: AdjustHeadersV1,
    screen: FromDishka[AdjustmentScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AdminCreditChangeV1]:
    """Add credits, or take some away. Without a key, a second request is a second change."""
    return await screen.adjust(ctx, user_id, data, headers.idempotency_key)


@blueprint.post("/credits/<user_id>/set")
@operation_id("setCredits")
@access("admin")
@error_responses(NotFound)
@takes_body(SetCreditsV1)
@returns(AdminCreditChangeV1)
@inject
async def replace(
    user_id: str,
    data: SetCreditsV1,
    screen: FromDishka[CreditsScreen],
    ctx: FromDishka[RequestContext],
) -> AdminCreditChangeV1:
    """Replace the balance."""
    return await screen.set(ctx, user_id, data)
