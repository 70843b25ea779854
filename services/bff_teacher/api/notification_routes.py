"""Routes of the teacher's notifications."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.server import (
    access,
    inject,
    operation_id,
    returns,
    takes_body,
    takes_query,
)
from services.bff_teacher.dto.notifications_v1 import (
    NotificationListV1,
    NotificationsQuery,
    NotificationsReadV1,
    ReadMarkV1,
)
from services.bff_teacher.screens.notifications import NotificationsScreen

blueprint = Blueprint("notifications", __name__)


@blueprint.get("/notifications")
@operation_id("listNotifications")
@access("teacher")
@takes_query(NotificationsQuery)
@returns(NotificationListV1)
@inject
async def notifications(
    query_args: NotificationsQuery,
    screen: FromDishka[NotificationsScreen],
    ctx: FromDishka[RequestContext],
) -> NotificationListV1:
    """The platform's messages to the teacher, newest first."""
    return await screen.load(ctx, query_args)


@blueprint.post("/notifications/read")
@operation_id("readNotifications")
@access("teacher")
@takes_body(NotificationsReadV1)
@returns(ReadMarkV1)
@inject
async def read_notifications(
    data: NotificationsReadV1,
    screen: FromDishka[NotificationsScreen],
    ctx: FromDishka[RequestContext],
) -> ReadMarkV1:
    """Mark a notification and all before it as read."""
    return await screen.mark_read(ctx, data.up_to)
