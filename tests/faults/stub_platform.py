"""Stubs of the services behind the teacher BFF, all well until told otherwise."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bff_core.testing import Reply, StubServer, stub_server
from tests.faults.platform_answers import BATCH_PAGE, CLASS_INFO, CLASS_PAGE, PROFILE, TEACHER


@dataclass(frozen=True)
class StubPlatform:
    ras: StubServer
    cms: StubServer
    identity: StubServer

    @property
    def urls(self) -> dict[str, str]:
        return {
            "RESULT_AGGREGATOR_URL": self.ras.url,
            "CMS_API_URL": self.cms.url,
            "IDENTITY_SERVICE_URL": self.identity.url,
        }

    def answer_well(self, user: str = TEACHER) -> None:
        self.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=BATCH_PAGE))
        self.cms.on("/v1/classes/", Reply(body=CLASS_PAGE))
        self.cms.on("/internal/v1/batches/class-info", Reply(body=CLASS_INFO))
        self.identity.on(f"/v1/users/{user}/profile", Reply(body=PROFILE))


@asynccontextmanager
async def stub_platform() -> AsyncIterator[StubPlatform]:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(stub_server()) for _ in range(3)]
        platform = StubPlatform(*servers)
        platform.answer_well()
        yield platform
