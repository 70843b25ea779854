"""Credits of the signed-in teacher."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import access, inject, operation_id, returns
from services.bff_teacher.dto.credits_v1 import TeacherCreditsV1
from services.bff_teacher.screens.credits import CreditsScreen

blueprint = Blueprint("teacher_credits", __name__)


@blueprint.get("/credits")
@operation_id("getOwnCredits")
@access("teacher")
@returns(TeacherCreditsV1)
@inject
async def own_credits(
    screen: FromDishka[CreditsScreen], ctx: FromDishka[RequestContext]
) -> TeacherCreditsV1:
    """Credits that the teacher has left."""
    return await screen.load(ctx)
