"""Requests to the config service and health checks: each client method, and its errors."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from bff_core.client import ServiceClient
from bff_core.clock import SystemClock
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, NotFound, PreconditionFailed
from services.bff_admin.clients.health_checks import HttpHealthChecks
from services.bff_admin.clients.settings_store import HttpSettings
from services.bff_admin.dto.settings_v1 import (
    AdminNamespacesV1,
    AdminSettingsChangeV1,
    AdminSettingsSchemaV1,
    AdminSettingsV1,
    AdminSettingsVersionsV1,
    AdminSettingsVersionV1,
)
from services.bff_admin.ports import SettingsRequest, TrailQuery
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import (
    ANY_URL,
    IDENTITY,
    RULE,
    SERVICE_KEY,
    credentials_in,
    the_request,
)

TOKEN_AND_KEY = SERVICE_KEY | {"Authorization": "Bearer a-token"}
STAMP = {"updated_at": None, "updated_by": None, "etag": '"5f2a9c"'}
SETTINGS = {"namespace": "maintenance", "version": 3, "values": {"read_only": True}, **STAMP}
READS: list[tuple[type[BaseModel], tuple[str, ...], str]] = [
    (AdminNamespacesV1, (), ""),
    (AdminSettingsV1, ("maintenance",), "/maintenance"),
    (AdminSettingsSchemaV1, ("maintenance", "schema"), "/maintenance/schema"),
    (AdminSettingsVersionsV1, ("maintenance", "versions"), "/maintenance/versions"),
    (AdminSettingsVersionV1, ("maintenance", "versions", "2"), "/maintenance/versions/2"),
]


@pytest.fixture
def settings(client: ServiceClient) -> HttpSettings:
    return HttpSettings(client, IDENTITY, read=RULE, write=RULE)


@pytest.mark.parametrize(("model", "path", "url"), READS)
async def test_reads_pass_the_admin_s_condition_on(
    settings: HttpSettings,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    model: type[BaseModel],
    path: tuple[str, ...],
    url: str,
) -> None:
    downstream.get(ANY_URL, status=304, headers={"ETag": '"3"', "X-Other": "1"})

    request = SettingsRequest(headers={"If-None-Match": '"3"'})
    response = await settings.forward(ctx, model, path, request)

    received = the_request(downstream)
    assert received.line == f"GET /v1/settings{url}"
    assert credentials_in(received) == TOKEN_AND_KEY
    assert received.headers["If-None-Match"] == '"3"'
    assert (response.status, response.body, response.headers) == (304, None, {"ETag": '"3"'})


async def test_settings_are_decoded(
    settings: HttpSettings, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=SETTINGS, headers={"ETag": '"3"'})

    response = await settings.forward(ctx, AdminSettingsV1, ("maintenance",), SettingsRequest())

    assert response.body is not None
    assert response.body.model_dump()["values"] == {"read_only": True}


@pytest.mark.parametrize(("method", "action"), [("PUT", ()), ("POST", ("rollback",))])
async def test_writes_pass_condition_key_and_body_on(
    settings: HttpSettings,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    method: str,
    action: tuple[str, ...],
) -> None:
    error = {"error": {"code": "PRECONDITION_FAILED", "message": "Read again", "details": {}}}
    for answer in (downstream.put, downstream.post):
        answer(ANY_URL, status=412, payload=error, headers={"ETag": '"4"'})
    conditions = {"If-Match": '"3"', "Idempotency-Key": "k"}

    request = SettingsRequest(method, [("dry_run", "true")], conditions, b'{"a": 1}')
    path = ("maintenance", *action)

    with pytest.raises(PreconditionFailed) as caught:
        await settings.forward(ctx, AdminSettingsChangeV1, path, request)

    received = the_request(downstream)
    assert received.line == f"{method} /v1/settings/{'/'.join(path)}?dry_run=true"
    assert credentials_in(received) == TOKEN_AND_KEY
    assert {name: received.headers[name] for name in conditions} == conditions
    assert received.body == b'{"a": 1}'
    assert caught.value.headers == {"ETag": '"4"'}


@pytest.mark.parametrize("namespace", ["", "..", "a/b", "A"])
async def test_a_name_that_no_namespace_has_sends_nothing(
    settings: HttpSettings, ctx: RequestContext, downstream: MockedDownstream, namespace: str
) -> None:
    with pytest.raises(NotFound):
        await settings.forward(ctx, AdminSettingsV1, (namespace,), SettingsRequest())

    assert downstream.received == []


async def test_what_the_overview_reads(
    settings: HttpSettings, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    version: dict[str, Any] = {"namespace": "maintenance", "version": 0, "values": {}}
    version |= {"reason": None, **STAMP}
    downstream.get("http://downstream.test/v1/settings", payload={"namespaces": []})
    downstream.get("http://downstream.test/v1/settings/maintenance", payload=SETTINGS)
    downstream.get("http://downstream.test/v1/settings/maintenance/versions/0", payload=version)

    await settings.all(ctx)
    values = await settings.values(ctx, "maintenance")
    defaults = await settings.defaults(ctx, "maintenance")

    assert (values.version, defaults.version) == (3, 0)


async def test_the_newest_changes(
    settings: HttpSettings, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"entries": [], "next_cursor": None})

    since = datetime(2026, 1, 31, tzinfo=UTC)
    await settings.newest(ctx, TrailQuery(limit=10, before=7, since=since))

    received = the_request(downstream)
    assert received.url.path == "/v1/audit"
    assert credentials_in(received) == TOKEN_AND_KEY
    expected = {"limit": "10", "cursor": "7", "since": "2026-01-31T00:00:00.000000Z"}
    assert dict(received.url.query) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"payload": {"status": "healthy", "version": "1.2"}}, ("healthy", "1.2", None)),
        ({"payload": {"status": "sick"}}, ("unhealthy", None, "EXTERNAL_SERVICE_ERROR")),
        ({"body": b"x"}, ("unhealthy", None, "EXTERNAL_SERVICE_ERROR")),
        ({"status": 503}, ("unhealthy", None, "EXTERNAL_SERVICE_ERROR")),
        ({"exception": OSError()}, ("unreachable", None, "CONNECTION_ERROR")),
        ({"timeout": True}, ("unreachable", None, "TIMEOUT")),
    ],
)
async def test_health_of_a_service(
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    answer: dict[str, object],
    expected: tuple[str, str | None, str | None],
) -> None:
    downstream.get("http://downstream.test/healthz", **answer)
    health_checks = HttpHealthChecks({"ras": "http://downstream.test"}, SystemClock(), timeout=1.0)

    [found] = await health_checks.all(ctx)

    assert (found.status, found.version, found.code) == expected
    assert (found.name, credentials_in(the_request(downstream))) == ("ras", {})


async def test_a_failed_read_is_the_service_s(
    settings: HttpSettings, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=401)

    with pytest.raises(DownstreamError):
        await settings.forward(ctx, AdminSettingsV1, ("maintenance",), SettingsRequest())
