"""The teacher BFF in front of stub services on real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from quart.typing import TestClientProtocol

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, Reply, StubServer, access_token, bearer, stub_server
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from tests.faults.platform_answers import BATCH_PAGE, CLASS_INFO, CLASS_PAGE, PROFILE, TEACHER

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    # A tenth of the real budgets: the proportions are what is tested.
    "BFF_TEACHER_SERVICE_RAS__USER_LIST__BUDGET": "0.4",
    "BFF_TEACHER_SERVICE_RAS__CLASS_ACTIVITY__BUDGET": "0.4",
    "BFF_TEACHER_SERVICE_CMS__CLASS_LIST__BUDGET": "0.2",
    "BFF_TEACHER_SERVICE_CMS__CLASS_INFO__BUDGET": "0.2",
    "BFF_TEACHER_SERVICE_IDENTITY__PROFILE__BUDGET": "0.2",
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


@pytest.fixture
async def screens() -> AsyncIterator[Screens]:
    async with AsyncExitStack() as stack:
        ras, cms, identity = [await stack.enter_async_context(stub_server()) for _ in range(3)]
        ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=BATCH_PAGE))
        cms.on("/v1/classes/", Reply(body=CLASS_PAGE))
        cms.on("/internal/v1/batches/class-info", Reply(body=CLASS_INFO))
        identity.on(f"/v1/users/{TEACHER}/profile", Reply(body=PROFILE))
        urls = {
            "RESULT_AGGREGATOR_URL": ras.url,
            "CMS_API_URL": cms.url,
            "IDENTITY_SERVICE_URL": identity.url,
        }
        app = create_app(Settings.load(ENVIRONMENT | urls))
        await stack.enter_async_context(app.test_app())
        token = access_token(TEACHER, now=SystemClock().now())
        yield Screens(app.test_client(), ras, cms, identity, bearer(token))
