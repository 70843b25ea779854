"""Uploads that are answered before their bodies were read, by clients that go on waiting."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bff_core.clock import SystemClock
from bff_core.testing import Reply, access_token, bearer
from tests.faults.multipart_bodies import CONTENT_TYPE, TEXT, part
from tests.faults.platform_answers import BATCH, TEACHER, whole_batch
from tests.faults.stub_platform import StubPlatform, stub_platform
from tests.faults.teacher_process import Caller, teacher_process
from tests.faults.tiny_process import Running

IN_FLIGHT = "bff_teacher_http_requests_in_flight"
LIMIT = 30.0
"""Seconds for a busy machine."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform() -> AsyncIterator[StubPlatform]:
    async with stub_platform() as platform:
        # Late, so that more of the body has arrived than the server hands on.
        theirs = Reply(body=whole_batch(user_id="somebody-else"), delay=0.3)
        platform.ras.on(f"/internal/v1/batches/{BATCH}/status", theirs)
        yield platform


@pytest.fixture(params=["hypercorn", "granian"])
def bff(
    request: pytest.FixtureRequest, platform: StubPlatform, tmp_path: Path
) -> Iterator[Running]:
    more = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}", "SERVER": request.param}
    with teacher_process(tmp_path, platform.urls, **more) as running:
        yield running


@asynccontextmanager
async def refused_upload(bff: Running) -> AsyncIterator[bytes]:
    """The head of the answer to an upload for another's batch, while its client keeps the connection."""
    token = bearer(access_token(TEACHER, now=SystemClock().now()))
    head = (
        f"POST /v1/teacher/batches/{BATCH}/files HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: 9000000\r\n"
        # As curl does with a large body; Hypercorn's own reader of requests takes it then.
        "Expect: 100-continue\r\n\r\n"
    ).encode()
    reader, writer = await asyncio.open_connection(bff.host, bff.port)
    try:
        # Not drained: the server reads no more than it likes.
        writer.write(head + part("a.txt", TEXT * 12_000))
        async with asyncio.timeout(LIMIT):
            while (status := await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100"):
                pass
        yield status
    finally:
        writer.transport.abort()


async def test_a_refused_upload_takes_no_place_after_its_answer(bff: Running) -> None:
    async with AsyncExitStack() as clients, aiohttp.ClientSession() as session:
        heads = [await clients.enter_async_context(refused_upload(bff)) for _ in range(4)]
        assert all(head.startswith(b"HTTP/1.1 403 ") for head in heads), heads

        async with asyncio.timeout(LIMIT):
            while (await Caller(session, bff.url).metrics())[IN_FLIGHT] > 1:
                await asyncio.sleep(0.05)
