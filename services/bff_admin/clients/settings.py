"""Settings at the config service: the admin's conditions go in, its verdict comes out."""

import re
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bff_core.client import (
    Credentials,
    DownstreamResponse,
    Endpoint,
    ServiceClient,
    ServiceIdentity,
    Undecodable,
)
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.settings import Operation
from services.bff_admin.clients.certainty import certain
from services.bff_admin.clients.refusals import STATUSES, refusal_in
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsChangeV1,
    AdminSettingsSchemaV1,
    AdminSettingsV1,
    AdminSettingsVersionsV1,
    AdminSettingsVersionV1,
)
from services.bff_admin.ports import Asked, Told

M = TypeVar("M", bound=BaseModel)

SETTINGS = ("v1", "settings")
PASSED = ("ETag", "Idempotent-Replay")
_NAMESPACE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOT_MODIFIED = 304


class HttpSettings:
    """Is both `SettingsStore` and `CurrentSettings`."""

    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation, write: Operation
    ) -> None:
        credentials = Credentials(service=identity, token=True)

        def endpoint(name: str, rule: Operation, kind: type[M]) -> Endpoint[M]:
            return config.endpoint(
                name,
                rule,
                _decoder(kind),
                credentials=credentials,
                statuses=STATUSES | {_NOT_MODIFIED},
            )

        self._namespaces = endpoint("namespaces", read, AdminNamespacesV1)
        self._settings = endpoint("settings", read, AdminSettingsV1)
        self._schema = endpoint("schema", read, AdminSettingsSchemaV1)
        self._versions = endpoint("versions", read, AdminSettingsVersionsV1)
        self._version = endpoint("version", read, AdminSettingsVersionV1)
        self._change = endpoint("change", write, AdminSettingsChangeV1)

    async def namespaces(self, ctx: RequestContext, asked: Asked) -> Told:
        return await _read(self._namespaces, ctx, SETTINGS, asked)

    async def read(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told:
        return await _read(self._settings, ctx, _path(namespace), asked)

    async def schema(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told:
        return await _read(self._schema, ctx, (*_path(namespace), "schema"), asked)

    async def write(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told:
        return await self._written(ctx, "PUT", _path(namespace), asked)

    async def roll_back(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told:
        return await self._written(ctx, "POST", (*_path(namespace), "rollback"), asked)

    async def versions(self, ctx: RequestContext, namespace: str, asked: Asked) -> Told:
        return await _read(self._versions, ctx, (*_path(namespace), "versions"), asked)

    async def version(self, ctx: RequestContext, namespace: str, number: int, asked: Asked) -> Told:
        path = (*_path(namespace), "versions", str(number))
        return await _read(self._version, ctx, path, asked)

    async def all(self, ctx: RequestContext) -> AdminNamespacesV1:
        return (await self._namespaces.get(ctx, SETTINGS)).value

    async def values(self, ctx: RequestContext, namespace: str) -> AdminSettingsV1:
        return (await self._settings.get(ctx, _path(namespace))).value

    async def defaults(self, ctx: RequestContext, namespace: str) -> AdminSettingsVersionV1:
        return (await self._version.get(ctx, (*_path(namespace), "versions", "0"))).value

    async def _written(
        self, ctx: RequestContext, method: str, path: tuple[str, ...], asked: Asked
    ) -> Told:
        sending = self._change.ask(
            ctx, method, path, params=asked.params, body=asked.body, headers=asked.headers
        )
        return _told(self._change, await certain(sending))


def _path(namespace: str) -> tuple[str, ...]:
    """No file can define another kind of name, and no other path is ever built."""
    if not _NAMESPACE.fullmatch(namespace):
        raise NotFound
    return (*SETTINGS, namespace)


def _decoder(kind: type[M]) -> Callable[[bytes], M]:
    def decode(body: bytes) -> M:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise Undecodable(type(error).__name__) from None

    return decode


async def _read(
    endpoint: Endpoint[M], ctx: RequestContext, path: tuple[str, ...], asked: Asked
) -> Told:
    answer = await endpoint.ask(ctx, "GET", path, params=asked.params, headers=asked.headers)
    return _told(endpoint, answer)


def _told(endpoint: Endpoint[M], answer: DownstreamResponse) -> Told:
    if answer.status >= 400:
        raise refusal_in(endpoint.service, answer)
    headers = {name: answer.headers[name] for name in PASSED if name in answer.headers}
    return Told(answer.status, answer.value, headers)
