"""Settings: reading is for every known service, writing for an admin."""

from dishka import FromDishka, Provider, Scope, provide
from quart import Blueprint, request
from quart_schema import document_headers

from bff_core.context import RequestContext
from bff_core.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
)
from bff_core.etags import WithETag
from bff_core.server import (
    SERVICE,
    access,
    error_responses,
    inject,
    operation_id,
    response_headers,
    returns,
    returns_etagged,
    takes_body,
    takes_query,
)
from services.config_service.domain_handlers.changes import ChangeHandler
from services.config_service.domain_handlers.settings import SettingsHandler
from services.config_service.dto.settings_v1 import (
    LARGEST_VERSION,
    NamespaceListV1,
    NamespaceSchemaV1,
    ReadHeadersV1,
    SettingsChangeV1,
    SettingsRollbackV1,
    SettingsV1,
    SettingsVersionV1,
    SettingsWriteV1,
    VersionListV1,
    VersionsQuery,
    WriteHeadersV1,
    WriteQuery,
)
from services.config_service.ports import WriteConditions

IDEMPOTENCY_KEY = "Idempotency-Key"

blueprint = Blueprint("settings", __name__)


class ConditionsProvider(Provider):
    @provide(scope=Scope.REQUEST)
    def conditions(self) -> WriteConditions:
        """Read them from the current request.

        Raises:
            InvalidRequest: Idempotency-Key was sent twice.
        """
        if len(request.headers.getlist(IDEMPOTENCY_KEY)) > 1:
            raise InvalidRequest(f"The header {IDEMPOTENCY_KEY} may be sent once only")
        return WriteConditions(
            if_match=", ".join(request.headers.getlist("If-Match")) or None,
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
        )


@blueprint.get("/v1/settings")
@operation_id("getNamespaces")
@access(SERVICE)
@returns(NamespaceListV1)
@inject
async def namespaces(settings: FromDishka[SettingsHandler]) -> NamespaceListV1:
    """Every namespace and the version it is at."""
    return await settings.all()


@blueprint.get("/v1/settings/<namespace>")
@operation_id("getSettings")
@access(SERVICE)
@error_responses(NotFound)
@document_headers(ReadHeadersV1)
@returns_etagged(SettingsV1)
@inject
async def read(namespace: str, settings: FromDishka[SettingsHandler]) -> WithETag[SettingsV1]:
    """The current settings of a namespace."""
    return await settings.read(namespace)


@blueprint.get("/v1/settings/<namespace>/schema")
@operation_id("getSettingsSchema")
@access(SERVICE)
@error_responses(NotFound)
@document_headers(ReadHeadersV1)
@returns_etagged(NamespaceSchemaV1)
@inject
async def schema(
    namespace: str, settings: FromDishka[SettingsHandler]
) -> WithETag[NamespaceSchemaV1]:
    """Schema of a namespace's settings, with their defaults."""
    return settings.schema(namespace)


@blueprint.put("/v1/settings/<namespace>")
@operation_id("putSettings")
@access("admin")
@error_responses(NotFound, Conflict, PreconditionFailed, PreconditionRequired)
@response_headers("Idempotent-Replay")
@document_headers(WriteHeadersV1)
@takes_query(WriteQuery)
@takes_body(SettingsWriteV1)
@returns_etagged(SettingsChangeV1)
@inject
async def write(
    namespace: str,
    *,
    query_args: WriteQuery,
    data: SettingsWriteV1,
    changes: FromDishka[ChangeHandler],
    conditions: FromDishka[WriteConditions],
    ctx: FromDishka[RequestContext],
) -> WithETag[SettingsChangeV1]:
    """Replace the settings of a namespace."""
    return await changes.change(namespace, data, ctx, conditions, dry_run=query_args.dry_run)


@blueprint.get("/v1/settings/<namespace>/versions")
@operation_id("getSettingsVersions")
@access(SERVICE)
@error_responses(NotFound)
@takes_query(VersionsQuery)
@returns(VersionListV1)
@inject
async def versions(
    namespace: str, query_args: VersionsQuery, settings: FromDishka[SettingsHandler]
) -> VersionListV1:
    """The versions of a namespace, newest first."""
    return await settings.versions(namespace, query_args)


@blueprint.get(f"/v1/settings/<namespace>/versions/<int(max={LARGEST_VERSION}):number>")
@operation_id("getSettingsVersion")
@access(SERVICE)
@error_responses(NotFound)
@returns(SettingsVersionV1)
@inject
async def version(
    namespace: str, number: int, settings: FromDishka[SettingsHandler]
) -> SettingsVersionV1:
    """One version of a namespace as it was written."""
    return await settings.version(namespace, number)


@blueprint.post("/v1/settings/<namespace>/rollback")
@operation_id("rollBackSettings")
@access("admin")
@error_responses(NotFound, Conflict, PreconditionFailed, PreconditionRequired)
@response_headers("Idempotent-Replay")
@document_headers(WriteHeadersV1)
@takes_query(WriteQuery)
@takes_body(SettingsRollbackV1)
@returns_etagged(SettingsChangeV1)
@inject
async def roll_back(
    namespace: str,
    *,
    query_args: WriteQuery,
    data: SettingsRollbackV1,
    changes: FromDishka[ChangeHandler],
    conditions: FromDishka[WriteConditions],
    ctx: FromDishka[RequestContext],
) -> WithETag[SettingsChangeV1]:
    """Go back to an earlier version, as a new one."""
    return await changes.change(namespace, data, ctx, conditions, dry_run=query_args.dry_run)
