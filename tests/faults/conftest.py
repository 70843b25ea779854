"""The teacher BFF in front of stub services on real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
from quart.typing import TestClientProtocol

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, StubServer, access_token, bearer
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from tests.faults.platform_answers import TEACHER
from tests.faults.stub_platform import stub_platform

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    # Shorter than the real budgets, and long enough for a busy machine.
    "BFF_TEACHER_SERVICE_RAS__USER_LIST__BUDGET": "1.2",
    "BFF_TEACHER_SERVICE_RAS__CLASS_ACTIVITY__BUDGET": "1.2",
    "BFF_TEACHER_SERVICE_CMS__CLASS_LIST__BUDGET": "0.8",
    "BFF_TEACHER_SERVICE_CMS__CLASS_INFO__BUDGET": "0.8",
    "BFF_TEACHER_SERVICE_IDENTITY__PROFILE__BUDGET": "0.8",
    # What is too large must be so within these budgets, on a machine that is busy.
    "BFF_TEACHER_SERVICE_RAS__USER_LIST__MAX_BYTES": "1000000",
    "BFF_TEACHER_SERVICE_RAS__CLASS_ACTIVITY__MAX_BYTES": "1000000",
    "BFF_TEACHER_SERVICE_CMS__CLASS_LIST__MAX_BYTES": "1000000",
    "BFF_TEACHER_SERVICE_CMS__CLASS_INFO__MAX_BYTES": "1000000",
    "BFF_TEACHER_SERVICE_IDENTITY__PROFILE__MAX_BYTES": "1000000",
}


@dataclass
class Screens:
    """The app's client and the services behind it."""

    client: TestClientProtocol
    ras: StubServer
    cms: StubServer
    identity: StubServer
    authorization: str

    async def get(self, path: str) -> tuple[int, dict[str, object], dict[str, str]]:
        """Status, body and headers of an authorized read."""
        answer = await self.client.get(path, headers={"Authorization": self.authorization})
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status_code, await answer.get_json(), headers


@asynccontextmanager
async def open_screens(**more: str) -> AsyncIterator[Screens]:
    """The app and its stubs; `more` are settings without the service's prefix."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(stub_platform())
        own = {f"BFF_TEACHER_SERVICE_{name}": value for name, value in more.items()}
        app = create_app(Settings.load(ENVIRONMENT | platform.urls | own))
        await stack.enter_async_context(app.test_app())
        token = access_token(TEACHER, now=SystemClock().now())
        yield Screens(
            app.test_client(), platform.ras, platform.cms, platform.identity, bearer(token)
        )


@pytest.fixture
async def screens() -> AsyncIterator[Screens]:
    async with open_screens() as screens:
        yield screens
