"""Settings of the config service: requests are forwarded, responses passed on; its audit is read."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from bff_core.client import Credentials, Endpoint, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.settings import Operation
from services.bff_admin.clients.responses import (
    REFUSAL_STATUSES,
    mark_unknown_outcome,
    model_decoder,
    raise_for_status,
)
from services.bff_admin.contracts import SettingChangePage
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
AUDIT = ("v1", "audit")
RESPONSE_HEADERS = ("ETag", "Idempotent-Replay")
_NAMESPACE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOT_MODIFIED = 304


class HttpSettings:
    """Implements `SettingsStore`, `NamespaceValues` and `SettingChanges`."""

    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation, write: Operation
    ) -> None:
        self._config = config
        credentials = Credentials(service=identity, token=True)

        def endpoint(name: str, operation: Operation, kind: type[M]) -> Endpoint[M]:
            return config.endpoint(
                name,
                operation,
                model_decoder(kind),
                credentials=credentials,
                statuses=REFUSAL_STATUSES | {_NOT_MODIFIED},
            )

        self._namespaces = endpoint("namespaces", read, AdminNamespacesV1)
        self._settings = endpoint("settings", read, AdminSettingsV1)
        self._version = endpoint("version", read, AdminSettingsVersionV1)
        self._endpoints: Mapping[type[BaseModel], Endpoint[Any]] = {
            AdminNamespacesV1: self._namespaces,
            AdminSettingsV1: self._settings,
            AdminSettingsSchemaV1: endpoint("schema", read, AdminSettingsSchemaV1),
            AdminSettingsVersionsV1: endpoint("versions", read, AdminSettingsVersionsV1),
            AdminSettingsVersionV1: self._version,
            AdminSettingsChangeV1: endpoint("change", write, AdminSettingsChangeV1),
        }
        self._changes = config.endpoint(
            "audit", read, JsonDecoder(SettingChangePage), credentials=credentials
        )

    async def forward(
        self,
        ctx: RequestContext,
        model: type[BaseModel],
        path: Sequence[str],
        forwarded: SettingsRequest,
    ) -> SettingsResponse:
        endpoint = self._endpoints[model]
        call = endpoint.request(
            ctx,
            forwarded.method,
            _path(*path),
            params=forwarded.params,
            body=forwarded.body,
            headers=forwarded.headers,
        )
        if forwarded.method == "GET":
            response = await call
        else:
            try:
                response = await mark_unknown_outcome(call)
            finally:
                # What any admin has read: also a failed write may have been carried out.
                self._config.forget(None)
        raise_for_status(endpoint.service, response)
        headers = {
            name: response.headers[name] for name in RESPONSE_HEADERS if name in response.headers
        }
        return SettingsResponse(response.status, response.value, headers)

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1:
        return (await self._namespaces.get(ctx, SETTINGS)).value

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1:
        return (await self._settings.get(ctx, _path(namespace))).value

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1:
        return (await self._version.get(ctx, _path(namespace, "versions", "0"))).value

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[SettingChangePage]:
        return await self._changes.get(ctx, AUDIT, query.as_parameters())


def _path(*path: str) -> tuple[str, ...]:
    """A path below the settings; a name that no file can define is refused before any call."""
    if path and not _NAMESPACE.fullmatch(path[0]):
        raise NotFound
    return (*SETTINGS, *path)
