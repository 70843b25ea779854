"""Stubs of the services behind the teacher BFF, all well until told otherwise."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields

from bff_core.testing import Reply, StubServer, stub_server
from tests.faults import platform_answers as answers
from tests.faults.platform_answers import BATCH, CLASS, ESSAY, PROMPT_ID, TEACHER, TEXT_ID


@dataclass(frozen=True)
class StubPlatform:
    ras: StubServer
    cms: StubServer
    identity: StubServer
    files: StubServer
    content: StubServer
    bos: StubServer
    entitlements: StubServer
    gateway: StubServer

    @property
    def urls(self) -> dict[str, str]:
        return {
            "RESULT_AGGREGATOR_URL": self.ras.url,
            "CMS_API_URL": self.cms.url,
            "IDENTITY_SERVICE_URL": self.identity.url,
            "BATCH_ORCHESTRATOR_SERVICE_URL": self.bos.url,
            "FILE_SERVICE_URL": self.files.url,
            "CONTENT_SERVICE_URL": self.content.url,
            "ENTITLEMENTS_SERVICE_URL": self.entitlements.url,
            "PLATFORM_GATEWAY_URL": self.gateway.url,
        }

    def answer_well(self, user: str = TEACHER) -> None:
        self.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=answers.BATCH_PAGE))
        self.ras.on(f"/internal/v1/batches/{BATCH}/status", Reply(body=answers.WHOLE_BATCH))
        # Most deployments have no such route: a page in HTML.
        self.ras.on(f"/internal/v1/batches/{BATCH}/essays/{ESSAY}", answers.NO_ROUTE)
        self.cms.on("/v1/classes/", Reply(body=answers.CLASS_PAGE))
        self.cms.on("/internal/v1/batches/class-info", Reply(body=answers.CLASS_INFO))
        self.cms.on(f"/v1/classes/{CLASS}/roster", Reply(body=answers.ROSTER))
        self.cms.on(f"/internal/v1/batches/{BATCH}/student-names", Reply(body=answers.NAMES))
        self.cms.on(f"/internal/v1/associations/essay/{ESSAY}", Reply(body=answers.NAME))
        self.cms.on(answers.REVIEW_PATH, Reply(body=answers.ASSOCIATIONS))
        self.cms.on(f"{answers.REVIEW_PATH}/confirm", Reply(body=answers.CONFIRMED))
        self.bos.on(answers.PHASES_PATH, Reply(body=answers.phases()))
        self.files.on(f"/v1/files/batch/{BATCH}/state", Reply(body=answers.FILE_STATE))
        self.content.on(f"/v1/content/{TEXT_ID}", answers.text("Det var en gång"))
        self.content.on(f"/v1/content/{PROMPT_ID}", answers.text("Skriv en krönika"))
        self.entitlements.on(f"/v1/entitlements/balance/{user}", Reply(body=answers.BALANCE))
        self.identity.on(f"/v1/users/{user}/profile", Reply(body=answers.PROFILE))
        self.content.on("/v1/content", answers.STORED)
        self.files.on("/v1/files/batch", answers.UPLOADED)
        self.gateway.on("/v1/batches/register", answers.REGISTERED)


@asynccontextmanager
async def stub_platform() -> AsyncIterator[StubPlatform]:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(stub_server()) for _ in fields(StubPlatform)]
        platform = StubPlatform(*servers)
        platform.answer_well()
        yield platform
