"""Settings and their versions, through the config service."""

from dishka import FromDishka
from quart import Blueprint
from quart_schema import DataSource, document_headers, document_querystring, document_request

from bff_core.context import RequestContext
from bff_core.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired
from bff_core.server import access, error_responses, inject, operation_id, response_headers
from services.bff_admin.api.forwarding import forwards
from services.bff_admin.dto.settings_v1 import (
    LARGEST_VERSION,
    AdminNamespacesV1,
    AdminSettingsChangeV1,
    AdminSettingsSchemaV1,
    AdminSettingsV1,
    AdminSettingsVersionsV1,
    AdminSettingsVersionV1,
    SettingsReadHeadersV1,
    SettingsRollbackV1,
    SettingsVersionsQuery,
    SettingsWriteHeadersV1,
    SettingsWriteQuery,
    SettingsWriteV1,
)
from services.bff_admin.ports import SettingsRequest, SettingsResponse, SettingsStore

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
@operation_id("getNamespaces")
@access("admin")
@forwards(AdminNamespacesV1)
@inject
async def namespaces(
    forwarded: SettingsRequest, store: FromDishka[SettingsStore], ctx: FromDishka[RequestContext]
) -> SettingsResponse:
    """Every namespace and the version it is at."""
    return await store.forward(ctx, AdminNamespacesV1, (), forwarded)


@blueprint.get("/settings/<namespace>")
@operation_id("getSettings")
@access("admin")
@error_responses(NotFound)
@document_headers(SettingsReadHeadersV1)
@forwards(AdminSettingsV1, with_etag=True)
@inject
async def read(
    namespace: str,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """The current settings of a namespace."""
    return await store.forward(ctx, AdminSettingsV1, (namespace,), forwarded)


@blueprint.get("/settings/<namespace>/schema")
@operation_id("getSettingsSchema")
@access("admin")
@error_responses(NotFound)
@document_headers(SettingsReadHeadersV1)
@forwards(AdminSettingsSchemaV1, with_etag=True)
@inject
async def schema(
    namespace: str,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """Schema of a namespace's settings, with their defaults."""
    return await store.forward(ctx, AdminSettingsSchemaV1, (namespace, "schema"), forwarded)


@blueprint.put("/settings/<namespace>")
@operation_id("putSettings")
@access("admin")
@error_responses(NotFound, Conflict, PreconditionFailed, PreconditionRequired)
@response_headers("Idempotent-Replay")
@document_headers(SettingsWriteHeadersV1)
@document_querystring(SettingsWriteQuery)
@document_request(SettingsWriteV1, source=DataSource.JSON)
@forwards(AdminSettingsChangeV1, with_etag=True)
@inject
async def write(
    namespace: str,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """Replace the settings of a namespace; with `dry_run` only show what would change."""
    return await store.forward(ctx, AdminSettingsChangeV1, (namespace,), forwarded)


@blueprint.post("/settings/<namespace>/rollback")
@operation_id("rollBackSettings")
@access("admin")
@error_responses(NotFound, Conflict, PreconditionFailed, PreconditionRequired)
@response_headers("Idempotent-Replay")
@document_headers(SettingsWriteHeadersV1)
@document_querystring(SettingsWriteQuery)
@document_request(SettingsRollbackV1, source=DataSource.JSON)
@forwards(AdminSettingsChangeV1, with_etag=True)
@inject
async def roll_back(
    namespace: str,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """Go back to an earlier version, as a new one."""
    return await store.forward(ctx, AdminSettingsChangeV1, (namespace, "rollback"), forwarded)


@blueprint.get("/settings/<namespace>/versions")
@operation_id("getSettingsVersions")
@access("admin")
@error_responses(NotFound)
@document_querystring(SettingsVersionsQuery)
@forwards(AdminSettingsVersionsV1)
@inject
async def versions(
    namespace: str,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """The versions of a namespace, newest first."""
    return await store.forward(ctx, AdminSettingsVersionsV1, (namespace, "versions"), forwarded)


@blueprint.get(f"/settings/<namespace>/versions/<int(max={LARGEST_VERSION}):number>")
@operation_id("getSettingsVersion")
@access("admin")
@error_responses(NotFound)
@forwards(AdminSettingsVersionV1)
@inject
async def version(
    namespace: str,
    number: int,
    forwarded: SettingsRequest,
    store: FromDishka[SettingsStore],
    ctx: FromDishka[RequestContext],
) -> SettingsResponse:
    """One version of a namespace as it was written."""
    path = (namespace, "versions", str(number))
    return await store.forward(ctx, AdminSettingsVersionV1, path, forwarded)
