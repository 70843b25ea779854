"""The teacher BFF in front of stub services on real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from quart.typing import TestClientProtocol

from bff_core.clock import SystemClock
from bff_core.settings import Downstream
from bff_core.testing import SECRET, StubServer, access_token, bearer
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from tests import sqlite_threads
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import StubPlatform, stub_platform

PREFIX = "BFF_TEACHER_SERVICE_"
PATIENT_SECONDS = 8.0
"""Budget of each operation: a busy machine keeps it. Only what hangs takes that long."""
SHORT_SECONDS = 0.8
OPERATIONS = tuple(
    f"{name.upper()}__{operation.upper()}"
    for name, info in Settings.model_fields.items()
    if isinstance(info.default, Downstream)
    for operation in info.default.operations
)
ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    f"{PREFIX}REQUEST_BUDGET": "30",
    f"{PREFIX}CONFIRM_BUDGET": "30",
    **{f"{PREFIX}{name}__BUDGET": str(PATIENT_SECONDS) for name in OPERATIONS},
    # What is too large must be so within these budgets, on a machine that is busy.
    **{f"{PREFIX}{name}__MAX_BYTES": str(1024 * 1024) for name in OPERATIONS},
}


def hurried(*operations: str) -> dict[str, str]:
    """Settings that end calls of these operations soon: for a service that hangs in a test."""
    assert set(operations) <= set(OPERATIONS)
    return {f"{operation}__BUDGET": str(SHORT_SECONDS) for operation in operations}


Answer = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Screens:
    """The app's client and the services behind it."""

    client: TestClientProtocol
    ras: StubServer
    cms: StubServer
    identity: StubServer
    authorization: str
    files: StubServer = field(default_factory=StubServer)
    content: StubServer = field(default_factory=StubServer)
    bos: StubServer = field(default_factory=StubServer)
    entitlements: StubServer = field(default_factory=StubServer)
    gateway: StubServer = field(default_factory=StubServer)

    async def get(self, path: str, **headers: str) -> Answer:
        """Status, body and headers of an authorized read."""
        return await _told(self.client.get(path, headers=self._headers(headers)))

    async def post(self, path: str, body: Any, **headers: str) -> Answer:
        """The same of a write; bytes are sent as they are."""
        given = self._headers(headers)
        if isinstance(body, bytes):
            given = {"Content-Type": "application/json"} | given
            return await _told(self.client.post(path, headers=given, data=body))
        return await _told(self.client.post(path, headers=given, json=body))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": self.authorization} | named


async def _told(call: Awaitable[Any]) -> Answer:
    answer = await call
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, await answer.get_json(), headers


@asynccontextmanager
async def screens_before(platform: StubPlatform, **more: str) -> AsyncIterator[Screens]:
    """An app in front of stubs; `more` are settings without the service's prefix."""
    token = bearer(access_token(TEACHER, now=SystemClock().now()))
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        ledger = {"LEDGER_URL": f"sqlite:///{folder}/ledger.sqlite3"}
        own = {f"{PREFIX}{name}": value for name, value in (ledger | more).items()}
        app = create_app(Settings.load(ENVIRONMENT | platform.urls | own))
        await stack.enter_async_context(app.test_app())  # type: ignore[arg-type]  # Quart's __aexit__ takes no None
        yield Screens(
            app.test_client(),
            platform.ras,
            platform.cms,
            platform.identity,
            token,
            platform.files,
            platform.content,
            platform.bos,
            platform.entitlements,
            platform.gateway,
        )


@asynccontextmanager
async def open_screens(**more: str) -> AsyncIterator[Screens]:
    """An app and stubs of its own."""
    async with stub_platform() as platform, screens_before(platform, **more) as screens:
        yield screens


@pytest.fixture
async def platform() -> AsyncIterator[StubPlatform]:
    async with stub_platform() as platform:
        yield platform


OpenReplica = Callable[..., Awaitable[Screens]]


@pytest.fixture
async def open_replica(platform: StubPlatform, tmp_path: Path) -> AsyncIterator[OpenReplica]:
    """Opens apps in front of one platform, with one ledger unless told otherwise."""
    async with AsyncExitStack() as stack:

        async def opened(**more: str) -> Screens:
            ledger = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}"}
            return await stack.enter_async_context(screens_before(platform, **(ledger | more)))

        yield opened
    await sqlite_threads.until_they_end()


@pytest.fixture
async def screens(open_replica: OpenReplica) -> Screens:
    return await open_replica()
