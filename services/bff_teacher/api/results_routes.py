"""Results of a teacher's batches."""

from dishka import FromDishka
from quart import Blueprint

from bff_core.composition import WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import Conflict, NotFound, RateLimited
from bff_core.server import (
    access,
    error_responses,
    inject,
    operation_id,
    path_parameters,
    response_headers,
    returns,
)
from services.bff_teacher.api.csv_files import returns_csv
from services.bff_teacher.dto.results_v1 import TeacherBatchResultsV1
from services.bff_teacher.screens.batch_results import BatchResultsScreen, ResultsFile

UUID_SCHEMA = {"format": "uuid"}

blueprint = Blueprint("results", __name__)


@blueprint.get("/batches/<batch_id>/results")
@operation_id("getBatchResults")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Content-Language")
@returns(TeacherBatchResultsV1)
@inject
async def results(
    batch_id: str, screen: FromDishka[BatchResultsScreen], ctx: FromDishka[RequestContext]
) -> WithHeaders[TeacherBatchResultsV1]:
    """Scores of a batch by rank, and their statistics once it is finished."""
    return await screen.load(ctx, batch_id)


@blueprint.get("/batches/<batch_id>/results.csv")
@operation_id("exportBatchResults")
@access("teacher")
@error_responses(NotFound, Conflict, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@returns_csv
@inject
async def results_file(
    batch_id: str, screen: FromDishka[BatchResultsScreen], ctx: FromDishka[RequestContext]
) -> ResultsFile:
    """Results of a finished batch as a file for spreadsheets."""
    return await screen.export(ctx, batch_id)
