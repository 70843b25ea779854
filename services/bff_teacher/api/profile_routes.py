"""Route of the signed-in user's profile."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns
from services.bff_teacher.dto.profile_v1 import TeacherProfileV1
from services.bff_teacher.screens.profile import ProfileScreen

blueprint = Blueprint("profile", __name__)


@blueprint.get("/me")
@operation_id("getMe")
@access("teacher")
@returns(TeacherProfileV1)
@inject
async def me(
    screen: FromDishka[ProfileScreen], ctx: FromDishka[RequestContext]
) -> TeacherProfileV1:
    """The signed-in teacher."""
    return await screen.load(ctx)
