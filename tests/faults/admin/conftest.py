"""The admin BFF with stubs of Identity, the config service and Entitlements, on real sockets."""

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

OPERATIONS = tuple(
    f"{service}__{kind}"
    for service in ("IDENTITY", "CONFIG_SERVICE", "ENTITLEMENTS")
    for kind in ("READ", "WRITE")
)
ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    **{
        f"BFF_ADMIN_SERVICE_HEALTH__{name}": ""
        for name in ("GATEWAY", "BFF_TEACHER", "RAS", "CMS", "FILES", "CONTENT", "BOS")
    },
}


def budgets(seconds: float) -> dict[str, str]:
    """Of each operation and health check, and twice as long for the request."""
    patience = {"BFF_ADMIN_SERVICE_HEALTH__PATIENCE": str(min(seconds, 2.0))}
    given = {f"BFF_ADMIN_SERVICE_{name}__BUDGET": str(seconds) for name in OPERATIONS}
    return given | patience | {"BFF_ADMIN_SERVICE_REQUEST_BUDGET": str(2 * seconds)}


PATIENT = budgets(8.0)
"""A busy machine keeps them; only what hangs takes that long."""
HURRIED = budgets(0.8)


@dataclass
class AdminBff:
    """A client of the app, and the stubs of its services."""

    client: TestClientProtocol
    identity: StubServer
    config: StubServer
    entitlements: StubServer
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
    assert body["error"]["service"] == "bff_admin"
    error: dict[str, Any] = body["error"]
    return error


@asynccontextmanager
async def running_bff(**more: str) -> AsyncIterator[AdminBff]:
    """`more` are settings, such as URLs in place of those of the stubs."""
    async with AsyncExitStack() as stack:
        identity, config, entitlements = [
            await stack.enter_async_context(stub_server()) for _ in range(3)
        ]
        stubs = {
            "IDENTITY_SERVICE_URL": identity.url,
            "CONFIG_SERVICE_URL": config.url,
            "ENTITLEMENTS_SERVICE_URL": entitlements.url,
        }
        app = create_app(Settings.load(ENVIRONMENT | PATIENT | stubs | more))
        await stack.enter_async_context(app.test_app())  # type: ignore[arg-type]  # Quart's __aexit__ takes no None
        token = access_token(ADMIN, roles=["admin"], now=SystemClock().now())
        yield AdminBff(app.test_client(), identity, config, entitlements, bearer(token))


@pytest.fixture(autouse=True)
def hears_of_revocations(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis nobody is asked about admins, so that the stubs see the calls of screens alone."""
    monkeypatch.setitem(ENVIRONMENT, "REDIS_URL", redis_url)


@pytest.fixture
async def bff(request: pytest.FixtureRequest) -> AsyncIterator[AdminBff]:
    """With short budgets in a test of a fault that hangs."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    fault = parameters.get("fault")
    hangs = fault == "hangs" or getattr(fault, "hang", False)
    async with running_bff(**(HURRIED if hangs else {})) as bff:
        yield bff


@pytest.fixture
async def unreachable_services() -> AsyncIterator[AdminBff]:
    """Connections to every service are refused."""
    names = ("IDENTITY_SERVICE_URL", "CONFIG_SERVICE_URL", "ENTITLEMENTS_SERVICE_URL")
    async with running_bff(**dict.fromkeys(names, "http://127.0.0.1:9")) as bff:
        yield bff
