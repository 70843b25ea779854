"""A teacher's dashboard and classes."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.server import (
    Link,
    access,
    error_responses,
    inject,
    openapi_links,
    operation_id,
    path_parameters,
    returns,
    takes_query,
)
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.dto.class_list_v1 import ClassListQuery, TeacherClassListV1
from services.bff_teacher.dto.class_page_v1 import TeacherClassPageV1
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.class_page import ClassPageScreen
from services.bff_teacher.screens.dashboard import DashboardScreen

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/dashboard")
@operation_id("getDashboard")
@access("teacher")
@takes_query(DashboardQuery)
@openapi_links(Link("batches.batch", {"batch_id": "/batches/0/batch_id"}))
@returns(TeacherClassDashboardV1)
@inject
async def dashboard(
    query_args: DashboardQuery,
    screen: FromDishka[DashboardScreen],
    ctx: FromDishka[RequestContext],
) -> TeacherClassDashboardV1:
    """The teacher's batches with their class names, newest first."""
    return await screen.load(ctx, query_args)


@blueprint.get("/classes/<class_id>")
@operation_id("getClass")
@access("teacher")
@error_responses(NotFound)
@path_parameters(class_id={"format": "uuid"})
@openapi_links(Link("batches.batch", {"batch_id": "/batches/0/batch_id"}))
@returns(TeacherClassPageV1)
@inject
async def class_page(
    class_id: str, screen: FromDishka[ClassPageScreen], ctx: FromDishka[RequestContext]
) -> TeacherClassPageV1:
    """A class of the teacher's with its students, batches and latest results."""
    return await screen.load(ctx, class_id)


@blueprint.get("/classes")
@operation_id("getClasses")
@access("teacher")
@takes_query(ClassListQuery)
@openapi_links(Link("dashboard.class_page", {"class_id": "/classes/0/class_id"}))
@returns(TeacherClassListV1)
@inject
async def classes(
    query_args: ClassListQuery,
    screen: FromDishka[ClassListScreen],
    ctx: FromDishka[RequestContext],
) -> TeacherClassListV1:
    """The teacher's classes with what happens in them, newest first."""
    return await screen.load(ctx, query_args)
