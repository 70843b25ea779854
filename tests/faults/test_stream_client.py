"""The stream client over real sockets: a server that cuts, hangs up, redirects and comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from rich.console import Console

from devstack.cli.watch import EVENTS_PATH, Login, watch_stream
from devstack.errors import DevstackError
from devstack.seed.people import ANNA
from devstack.stream_client import (
    AccessToken,
    HttpStreamSource,
    StreamFollower,
    StreamRefused,
    StreamUpdate,
)
from devstack.tokens import Hs256, mint

ACCESS = mint(ANNA, Hs256("stub-secret-stub-secret-stub-secret"), now=datetime.now(UTC))


def frame(event: str, number: int, **data: Any) -> bytes:
    return f"event: {event}\nid: e-{number}\ndata: {json.dumps(data)}\n\n".encode()


SNAPSHOT = frame("snapshot", 1, version=1, batches={"b1": {"title": "Ett"}})
CHANGE = frame("batch_changed", 2, version=2, batch_id="b1", patch={"title": "Två"})


@dataclass
class StubStreams:
    """Each connection sends its chunks; then it ends, is cut, or stays open."""

    port: int = 0
    scripts: list[tuple[list[bytes], str]] = field(default_factory=list)
    last_ids: list[str | None] = field(default_factory=list)
    status: int = 200

    async def events(self, request: web.Request) -> web.StreamResponse:
        self.last_ids.append(request.headers.get("Last-Event-ID"))
        headers = {"Content-Type": "text/event-stream", "Location": "/elsewhere"}
        answer = web.StreamResponse(status=self.status, headers=headers)
        await answer.prepare(request)
        chunks, ending = self.scripts.pop(0) if self.scripts else ([], "stay")
        for chunk in chunks:
            await answer.write(chunk)
        if ending == "cut" and request.transport is not None:
            # An abort would overtake what was written just before it.
            await asyncio.sleep(0.1)
            request.transport.abort()
        elif ending == "stay":
            await asyncio.sleep(30)
        return answer

    async def login(self, _request: web.Request) -> web.Response:
        return web.json_response({"access_token": ACCESS})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{EVENTS_PATH}"


@pytest.fixture
async def stub() -> AsyncIterator[StubStreams]:
    streams = StubStreams()
    app = web.Application()
    app.router.add_get(EVENTS_PATH, streams.events)
    app.router.add_post("/v1/auth/login", streams.login)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    streams.port = runner.addresses[0][1]
    yield streams
    await runner.cleanup()


async def fetch() -> AccessToken:
    return AccessToken(ACCESS, datetime.now(UTC).timestamp() + 3600)


async def follow_until(stub: StubStreams, wanted: int) -> tuple[list[str], StreamFollower]:
    found: list[str] = []
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        follower = StreamFollower(HttpStreamSource(session, stub.address), fetch)
        async with aclosing(follower.follow()) as items:
            for _ in range(wanted):
                item = await anext(items)
                found.append(item.event if isinstance(item, StreamUpdate) else item.reason)
    return found, follower


@pytest.mark.parametrize(("ending", "reason"), [("end", "closed"), ("cut", "unreachable")])
async def test_stream_that_ends_or_is_cut_is_resumed(
    stub: StubStreams, ending: str, reason: str
) -> None:
    stub.scripts = [([SNAPSHOT[:9], SNAPSHOT[9:]], ending), ([CHANGE], "stay")]

    found, follower = await follow_until(stub, 3)

    assert found == ["snapshot", reason, "batch_changed"]
    assert stub.last_ids == [None, "e-1"]
    assert follower.copy.batches == {"b1": {"title": "Två"}}


async def test_redirect_is_not_followed_with_the_token(stub: StubStreams) -> None:
    stub.status = 302
    stub.scripts = [([], "end")]

    found, _ = await follow_until(stub, 1)

    assert found == ["status_302"]


async def test_server_that_is_not_there_is_tried_again() -> None:
    # Port 9 of this machine is nobody's.
    found, _ = await follow_until(StubStreams(port=9), 2)

    assert found == ["unreachable", "unreachable"]


async def test_foreign_batch_is_a_refusal(stub: StubStreams) -> None:
    stub.status = 403
    stub.scripts = [([], "end")]

    with pytest.raises(StreamRefused):
        await follow_until(stub, 1)


def console() -> Console:
    return Console(file=StringIO(), width=120)


async def test_watch_shows_the_snapshot_once(stub: StubStreams) -> None:
    stub.scripts = [([SNAPSHOT, CHANGE], "stay")]
    screen = console()

    await watch_stream(stub.address, Login(stub.port, "a@b", "p"), screen, once=True)

    assert "Ett" in screen.file.getvalue()  # type: ignore[attr-defined]  # It is a StringIO.


async def test_watch_without_a_terminal_tells_a_line_for_each_event(stub: StubStreams) -> None:
    stub.scripts = [([SNAPSHOT, CHANGE], "end")]
    screen = console()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await watch_stream(stub.address, Login(stub.port, "a@b", "p"), screen, once=False)

    lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]  # The same.
    assert lines[0] == "snapshot version=1 batches=1"
    assert lines[1] == 'batch_changed b1 (Två) {"patch": {"title": "Två"}}'
    assert lines[2].startswith("disconnected: closed; next try in")


async def test_watch_once_does_not_wait_for_a_server_that_ends(stub: StubStreams) -> None:
    stub.scripts = [([], "end")]

    with pytest.raises(DevstackError, match="ended before its snapshot"):
        await watch_stream(stub.address, Login(stub.port, "a@b", "p"), console(), once=True)


async def test_login_that_does_not_answer_is_told_to_the_person(stub: StubStreams) -> None:
    with pytest.raises(DevstackError, match="does not answer"):
        await watch_stream(stub.address, Login(9, "a@b", "p"), console(), once=False)
