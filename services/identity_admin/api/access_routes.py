"""Route by which services ask whether their caller still is an admin."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns
from services.identity_admin.dto.user_approval_v1 import AdminAccessV1

blueprint = Blueprint("access", __name__, url_prefix="/access")


@blueprint.get("")
@operation_id("getAdminAccess")
@access("admin")
@returns(AdminAccessV1)
@inject
async def admin_access(ctx: FromDishka[RequestContext]) -> AdminAccessV1:
    """The caller, while an admin: asked by services that do not hear of revocations."""
    return AdminAccessV1(user_id=ctx.user_id)
