"""The way of a batch: from its creation to a running pipeline."""

from typing import get_args

from dishka import FromDishka
from quart import Blueprint

from bff_core.composition import WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import (
    Conflict,
    NotFound,
    PayloadTooLarge,
    PreconditionRequired,
    RateLimited,
    UnsupportedMediaType,
)
from bff_core.inputs import OnceHeadersV1
from bff_core.server import (
    Link,
    access,
    budget,
    error_responses,
    inject,
    openapi_links,
    operation_id,
    path_parameters,
    response_headers,
    returns,
    takes_body,
    takes_headers,
)
from services.bff_teacher.dto.batch_creation_v1 import (
    BatchCreationV1,
    CreatedBatchV1,
)
from services.bff_teacher.dto.batch_files_v1 import (
    BatchFileListV1,
    BatchFilesSentV1,
    FileRemovalV1,
)
from services.bff_teacher.dto.pipeline_v1 import (
    PhaseRetryV1,
    PipelineNameV1,
    PipelinePreviewV1,
    PipelineStartRequestV1,
    PipelineStartV1,
    RetriedPhaseV1,
)
from services.bff_teacher.multipart import takes_files
from services.bff_teacher.ports.forms import FormBody
from services.bff_teacher.screens.batch_files import BatchFilesScreen
from services.bff_teacher.screens.create_batch import CreateBatchScreen
from services.bff_teacher.screens.pipeline_preview import PipelinePreviewScreen
from services.bff_teacher.screens.start_pipeline import StartPipelineScreen
from services.bff_teacher.screens.upload_files import UploadFilesScreen

WORKFLOW, UPLOAD = "workflow", "upload"
"""Names of the time budgets of writes that wait for several services, and of uploads."""
UUID_SCHEMA = {"format": "uuid"}

blueprint = Blueprint("workflow", __name__)


@blueprint.post("/batches")
@operation_id("createBatch")
@access("teacher")
@budget(WORKFLOW)
@error_responses(NotFound, Conflict, PreconditionRequired, RateLimited)
@response_headers("Idempotent-Replay")
@openapi_links(Link("batches.batch", {"batch_id": "/batch/batch_id"}))
@takes_headers(OnceHeadersV1)
@takes_body(BatchCreationV1)
@returns(CreatedBatchV1, 201)
@inject
async def create_batch(
    data: BatchCreationV1,
    headers: OnceHeadersV1,
    screen: FromDishka[CreateBatchScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[CreatedBatchV1]:
    """Create a batch with its instructions; the same submission again answers the same batch."""
    return await screen.create(ctx, data, headers.idempotency_key)


@blueprint.post("/batches/<batch_id>/files")
@operation_id("sendFiles")
@access("teacher")
@budget(UPLOAD)
@error_responses(NotFound, Conflict, RateLimited, PayloadTooLarge, UnsupportedMediaType)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Content-Language")
@takes_files("files")
@returns(BatchFilesSentV1, 202)
@inject
async def send_files(
    batch_id: str,
    screen: FromDishka[UploadFilesScreen],
    body: FromDishka[FormBody],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[BatchFilesSentV1]:
    """Send files to the batch; each is answered by itself, and its outcome follows on the stream."""
    return await screen.send(ctx, batch_id, body)


@blueprint.get("/batches/<batch_id>/files")
@operation_id("getFiles")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Content-Language")
@returns(BatchFileListV1)
@inject
async def files(
    batch_id: str, screen: FromDishka[BatchFilesScreen], ctx: FromDishka[RequestContext]
) -> WithHeaders[BatchFileListV1]:
    """Files of the batch, and what became of each."""
    return await screen.load(ctx, batch_id)


@blueprint.delete("/batches/<batch_id>/files/<file_upload_id>")
@operation_id("removeFile")
@access("teacher")
@budget(WORKFLOW)
@error_responses(NotFound, Conflict, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA, file_upload_id=UUID_SCHEMA)
@returns(FileRemovalV1)
@inject
async def remove_file(
    batch_id: str,
    file_upload_id: str,
    screen: FromDishka[BatchFilesScreen],
    ctx: FromDishka[RequestContext],
) -> FileRemovalV1:
    """Ask the platform to remove a file; it keeps the text and its place in the batch."""
    return await screen.remove(ctx, batch_id, file_upload_id)


@blueprint.get("/batches/<batch_id>/pipelines/<phase>/preview")
@operation_id("previewPipeline")
@access("teacher")
@budget(WORKFLOW)
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA, phase={"enum": list(get_args(PipelineNameV1))})
@returns(PipelinePreviewV1)
@inject
async def preview_pipeline(
    batch_id: str,
    phase: str,
    screen: FromDishka[PipelinePreviewScreen],
    ctx: FromDishka[RequestContext],
) -> PipelinePreviewV1:
    """The phases and the cost of a start now; nothing is reserved. A denial is an answer, too."""
    return await screen.load(ctx, batch_id, phase)


@blueprint.post("/batches/<batch_id>/pipelines")
@operation_id("startPipeline")
@access("teacher")
@budget(WORKFLOW)
@error_responses(NotFound, Conflict, PreconditionRequired, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Idempotent-Replay")
@takes_headers(OnceHeadersV1)
@takes_body(PipelineStartRequestV1)
@returns(PipelineStartV1)
@inject
async def start_pipeline(
    batch_id: str,
    data: PipelineStartRequestV1,
    headers: OnceHeadersV1,
    screen: FromDishka[StartPipelineScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[PipelineStartV1]:
    """Start a pipeline at most once, however often the submission is sent."""
    return await screen.start(ctx, batch_id, data, headers.idempotency_key)


@blueprint.post("/batches/<batch_id>/phases/<phase>/retry")
@operation_id("retryPhase")
@access("teacher")
@budget(WORKFLOW)
@error_responses(NotFound, Conflict, PreconditionRequired, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA, phase={"enum": list(get_args(RetriedPhaseV1))})
@response_headers("Idempotent-Replay")
@takes_headers(OnceHeadersV1)
@takes_body(PhaseRetryV1)
@returns(PipelineStartV1)
@inject
async def retry_phase(
    batch_id: str,
    phase: str,
    *,
    data: PhaseRetryV1,
    headers: OnceHeadersV1,
    screen: FromDishka[StartPipelineScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[PipelineStartV1]:
    """Run a whole phase again, at most once however often the submission is sent."""
    return await screen.retry(ctx, batch_id, phase, data.reason, headers.idempotency_key)
