"""Route of the signed-in admin's profile."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns
from services.bff_admin.dto.users_v1 import AdminProfileV1
from services.bff_admin.screens.profile import ProfileScreen

blueprint = Blueprint("admin_profile", __name__)


@blueprint.get("/me")
@operation_id("getAdminMe")
@access("admin")
@returns(AdminProfileV1)
@inject
async def me(screen: FromDishka[ProfileScreen], ctx: FromDishka[RequestContext]) -> AdminProfileV1:
    """The signed-in admin."""
    return await screen.load(ctx)
