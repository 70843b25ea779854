"""Settings of the config service: requests are forwarded, responses passed on; its audit is read."""

import re
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bff_core.client import (
    Credentials,
    Endpoint,
    JsonDecoder,
    ServiceClient,
    ServiceIdentity,
    Undecodable,
)
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.settings import Operation
from services.bff_admin.clients.failures import (
    REFUSAL_STATUSES,
    mark_unknown_outcome,
    raise_for_status,
)
from services.bff_admin.contracts.config_audit import SettingChangePage
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsChangeV1,
    AdminSettingsSchemaV1,
    AdminSettingsV1,
    AdminSettingsVersionsV1,
    AdminSettingsVersionV1,
)
from services.bff_admin.ports import SettingsRequest, SettingsResponse, TrailQuery

M = TypeVar("M", bound=BaseModel)

SETTINGS = ("v1", "settings")
RESPONSE_HEADERS = ("ETag", "Idempotent-Replay")
_NAMESPACE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOT_MODIFIED = 304


class HttpSettings:
    """Implements both `SettingsStore` and `NamespaceValues`."""

    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation, write: Operation
    ) -> None:
        self._config = config
        credentials = Credentials(service=identity, token=True)

        def endpoint(name: str, operation: Operation, kind: type[M]) -> Endpoint[M]:
            return config.endpoint(
                name,
                operation,
                _decoder(kind),
                credentials=credentials,
                statuses=REFUSAL_STATUSES | {_NOT_MODIFIED},
            )

        self._namespaces = endpoint("namespaces", read, AdminNamespacesV1)
        self._settings = endpoint("settings", read, AdminSettingsV1)
        self._schema = endpoint("schema", read, AdminSettingsSchemaV1)
        self._versions = endpoint("versions", read, AdminSettingsVersionsV1)
        self._version = endpoint("version", read, AdminSettingsVersionV1)
        self._change = endpoint("change", write, AdminSettingsChangeV1)

    async def namespaces(self, ctx: RequestContext, forwarded: SettingsRequest) -> SettingsResponse:
        return await _forward(self._namespaces, ctx, "GET", SETTINGS, forwarded)

    async def read(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse:
        return await _forward(self._settings, ctx, "GET", _path(namespace), forwarded)

    async def schema(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse:
        return await _forward(self._schema, ctx, "GET", _path(namespace, "schema"), forwarded)

    async def write(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse:
        return await self._forward_write(ctx, "PUT", _path(namespace), forwarded)

    async def roll_back(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse:
        return await self._forward_write(ctx, "POST", _path(namespace, "rollback"), forwarded)

    async def versions(
        self, ctx: RequestContext, namespace: str, forwarded: SettingsRequest
    ) -> SettingsResponse:
        return await _forward(self._versions, ctx, "GET", _path(namespace, "versions"), forwarded)

    async def version(
        self, ctx: RequestContext, namespace: str, number: int, forwarded: SettingsRequest
    ) -> SettingsResponse:
        path = _path(namespace, "versions", str(number))
        return await _forward(self._version, ctx, "GET", path, forwarded)

    async def _forward_write(
        self, ctx: RequestContext, method: str, path: tuple[str, ...], forwarded: SettingsRequest
    ) -> SettingsResponse:
        """Forward, and drop what any admin has read: also a failed write may have been carried out."""
        try:
            return await _forward(self._change, ctx, method, path, forwarded)
        finally:
            self._config.forget(None)

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1:
        return (await self._namespaces.get(ctx, SETTINGS)).value

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1:
        return (await self._settings.get(ctx, _path(namespace))).value

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1:
        return (await self._version.get(ctx, _path(namespace, "versions", "0"))).value


async def _forward(
    endpoint: Endpoint[M],
    ctx: RequestContext,
    method: str,
    path: tuple[str, ...],
    forwarded: SettingsRequest,
) -> SettingsResponse:
    call = endpoint.request(
        ctx,
        method,
        path,
        params=forwarded.params,
        body=forwarded.body,
        headers=forwarded.headers,
    )
    response = await (call if method == "GET" else mark_unknown_outcome(call))
    raise_for_status(endpoint.service, response)
    headers = {
        name: response.headers[name] for name in RESPONSE_HEADERS if name in response.headers
    }
    return SettingsResponse(response.status, response.value, headers)


def _path(namespace: str, *more: str) -> tuple[str, ...]:
    """The path of a namespace; a name that no file can define is refused before any call."""
    if not _NAMESPACE.fullmatch(namespace):
        raise NotFound
    return (*SETTINGS, namespace, *more)


def _decoder(kind: type[M]) -> Callable[[bytes], M]:
    def decode(body: bytes) -> M:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise Undecodable(type(error).__name__) from None

    return decode


AUDIT = ("v1", "audit")


class HttpSettingChanges:
    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation
    ) -> None:
        self._pages = config.endpoint(
            "audit",
            read,
            JsonDecoder(SettingChangePage),
            credentials=Credentials(service=identity, token=True),
        )

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[SettingChangePage]:
        return await self._pages.get(ctx, AUDIT, query.as_parameters())
