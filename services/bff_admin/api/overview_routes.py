"""The overview of operations."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns
from services.bff_admin.dto.overview_v1 import AdminOverviewV1
from services.bff_admin.screens.overview import OverviewScreen

blueprint = Blueprint("overview", __name__)


@blueprint.get("/overview")
@operation_id("getOverview")
@access("admin")
@returns(AdminOverviewV1)
@inject
async def overview(
    screen: FromDishka[OverviewScreen], ctx: FromDishka[RequestContext]
) -> AdminOverviewV1:
    """Overview of the platform: pending accounts, recent changes, service health."""
    return await screen.load(ctx)
