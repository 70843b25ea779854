"""The admin BFF with stubs of Identity and the config service, on real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from quart import Response
from quart.typing import TestClientProtocol

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, StubServer, access_token, bearer, stub_server
from services.bff_admin.app import create_app
from services.bff_admin.config import Settings
from tests.faults.admin.answers import ADMIN

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    # Shorter than the real budgets, in the same proportions.
    "BFF_ADMIN_SERVICE_REQUEST_BUDGET": "2.0",
    "BFF_ADMIN_SERVICE_IDENTITY__READ__BUDGET": "0.8",
    "BFF_ADMIN_SERVICE_IDENTITY__WRITE__BUDGET": "0.8",
    "BFF_ADMIN_SERVICE_CONFIG_SERVICE__READ__BUDGET": "0.8",
    "BFF_ADMIN_SERVICE_CONFIG_SERVICE__WRITE__BUDGET": "0.8",
    "BFF_ADMIN_SERVICE_HEALTH__PATIENCE": "0.5",
    **{
        f"BFF_ADMIN_SERVICE_HEALTH__{name}": ""
        for name in ("GATEWAY", "BFF_TEACHER", "RAS", "CMS", "FILES", "CONTENT")
    },
}


@dataclass
class AdminBff:
    """A client of the app, and the stubs of its services."""

    client: TestClientProtocol
    identity: StubServer
    config: StubServer
    authorization: str

    async def ask(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """An authorized request under `/v1/admin`."""
        sent = {"Authorization": self.authorization, **(headers or {})}
        answer = await self.client.open(f"/v1/admin{path}", method=method, json=json, headers=sent)
        assert isinstance(answer, Response)
        return answer

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        answer = await self.ask("GET", path)
        return answer.status_code, await answer.get_json()


async def error_of(answer: Response) -> dict[str, Any]:
    """The error of the envelope, which is the whole body."""
    body = await answer.get_json()
    assert set(body) == {"error"}
    assert body["error"]["service"] == "bff_admin_service"
    error: dict[str, Any] = body["error"]
    return error


@asynccontextmanager
async def running_bff(**urls: str) -> AsyncIterator[AdminBff]:
    """`urls` replace those of the stubs."""
    async with AsyncExitStack() as stack:
        identity, config = [await stack.enter_async_context(stub_server()) for _ in range(2)]
        stubs = {"IDENTITY_SERVICE_URL": identity.url, "CONFIG_SERVICE_URL": config.url}
        app = create_app(Settings.load(ENVIRONMENT | stubs | urls))
        await stack.enter_async_context(app.test_app())
        token = access_token(ADMIN, roles=["admin"], now=SystemClock().now())
        yield AdminBff(app.test_client(), identity, config, bearer(token))


@pytest.fixture
async def bff() -> AsyncIterator[AdminBff]:
    async with running_bff() as bff:
        yield bff


@pytest.fixture
async def unreachable_services() -> AsyncIterator[AdminBff]:
    """Connections to Identity and the config service are refused."""
    closed_port = "http://127.0.0.1:9"
    async with running_bff(IDENTITY_SERVICE_URL=closed_port, CONFIG_SERVICE_URL=closed_port) as bff:
        yield bff
