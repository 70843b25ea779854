"""A teacher's batches: their classes, suggested students and essays."""

from dishka import FromDishka
from quart import Blueprint
from quart_schema import document_headers

from bff_core.composition import WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RateLimited,
)
from bff_core.etags import WithETag
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
    returns_etagged,
    takes_body,
    takes_headers,
)
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
    ConfirmHeadersV1,
    StudentAssociationListV1,
)
from services.bff_teacher.dto.batch_detail_v1 import TeacherBatchDetailV1
from services.bff_teacher.dto.batch_title_v1 import (
    BatchTitleV1,
    BatchTitleWriteV1,
    TitleReadHeadersV1,
    TitleWriteHeadersV1,
)
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.screens.associations import AssociationsScreen
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.batch_title import BatchTitleScreen
from services.bff_teacher.screens.confirm import ConfirmScreen
from services.bff_teacher.screens.essay import EssayScreen

CONFIRM = "confirm"
"""Name of the confirm route's own time budget."""

UUID_SCHEMA = {"format": "uuid"}

blueprint = Blueprint("batches", __name__)


@blueprint.get("/batches/<batch_id>")
@operation_id("getBatch")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Content-Language")
@openapi_links(
    Link("batches.essay", {"batch_id": "/batch_id", "essay_id": "/essays/0/essay_id"}),
    Link("batches.associations", {"batch_id": "/batch_id"}),
    Link("batches.title", {"batch_id": "/batch_id"}),
)
@returns(TeacherBatchDetailV1)
@inject
async def batch(
    batch_id: str, screen: FromDishka[BatchDetailScreen], ctx: FromDishka[RequestContext]
) -> WithHeaders[TeacherBatchDetailV1]:
    """A batch of the teacher's with its essays, by rank."""
    return await screen.load(ctx, batch_id)


@blueprint.get("/batches/<batch_id>/title")
@operation_id("getBatchTitle")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@document_headers(TitleReadHeadersV1)
@returns_etagged(BatchTitleV1)
@inject
async def title(
    batch_id: str, screen: FromDishka[BatchTitleScreen], ctx: FromDishka[RequestContext]
) -> WithETag[BatchTitleV1]:
    """The title that the teacher gave the batch, as it is stored."""
    return await screen.load(ctx, batch_id)


@blueprint.put("/batches/<batch_id>/title")
@operation_id("putBatchTitle")
@access("teacher")
@error_responses(NotFound, PreconditionFailed, PreconditionRequired, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@takes_headers(TitleWriteHeadersV1)
@takes_body(BatchTitleWriteV1)
@returns_etagged(BatchTitleV1)
@inject
async def replace_title(
    batch_id: str,
    data: BatchTitleWriteV1,
    headers: TitleWriteHeadersV1,
    screen: FromDishka[BatchTitleScreen],
    ctx: FromDishka[RequestContext],
) -> WithETag[BatchTitleV1]:
    """Give the batch a title, or take it away with an empty one."""
    return await screen.replace(ctx, batch_id, data, headers.if_match)


@blueprint.get("/batches/<batch_id>/essays/<essay_id>")
@operation_id("getEssay")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA, essay_id=UUID_SCHEMA)
@response_headers("Content-Language")
@returns(TeacherEssayFeedbackV1)
@inject
async def essay(
    batch_id: str,
    essay_id: str,
    screen: FromDishka[EssayScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[TeacherEssayFeedbackV1]:
    """An essay with its corrected text, the assignment and its neighbours."""
    return await screen.load(ctx, batch_id, essay_id)


@blueprint.get("/batches/<batch_id>/associations")
@operation_id("getAssociations")
@access("teacher")
@error_responses(NotFound, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@openapi_links(Link("batches.confirm", {"batch_id": "/batch_id"}))
@returns(StudentAssociationListV1)
@inject
async def associations(
    batch_id: str, screen: FromDishka[AssociationsScreen], ctx: FromDishka[RequestContext]
) -> StudentAssociationListV1:
    """Suggested student for each essay, and the students to choose from."""
    return await screen.load(ctx, batch_id)


@blueprint.post("/batches/<batch_id>/associations/confirm")
@operation_id("confirmAssociations")
@access("teacher")
@budget(CONFIRM)
@error_responses(NotFound, Conflict, RateLimited)
@path_parameters(batch_id=UUID_SCHEMA)
@response_headers("Idempotent-Replay")
@takes_headers(ConfirmHeadersV1)
@takes_body(AssociationConfirmRequestV1)
@returns(AssociationConfirmResultV1)
@inject
async def confirm(
    batch_id: str,
    data: AssociationConfirmRequestV1,
    headers: ConfirmHeadersV1,
    screen: FromDishka[ConfirmScreen],
    ctx: FromDishka[RequestContext],
) -> WithHeaders[AssociationConfirmResultV1]:
    """Say whose the essays are. It cannot be taken back; the same again is answered the same."""
    return await screen.confirm(ctx, batch_id, data, headers.idempotency_key)
