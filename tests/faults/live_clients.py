"""Clients of the event stream, and the batches that the stub RAS returns."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bff_core.clock import SystemClock
from bff_core.testing import Reply, access_token, bearer
from tests.faults.platform_answers import BATCH, ROW, TEACHER, batch_page
from tests.faults.stub_platform import StubPlatform
from tests.unit.bff_teacher.live.live_replicas import ScreenCopy

FAST_SETTINGS = {
    "LIVE__POLL": "1.5",
    "LIVE__HEARTBEAT": "1",
    "LIVE__REREADS": "0.5,1,2",
    # Copies are compared with fresh reads, which must not come from the cache of the service.
    "RAS__USER_LIST__MAX_AGE": "0",
    "RAS__USER_LIST__STALE_WHILE_REVALIDATE": "0",
    "RAS__USER_LIST__STALE_IF_ERROR": "0",
    "SHUTDOWN_DELAY": "0",
}
DISCONNECTED = (aiohttp.ClientError, OSError, TimeoutError)


def batch_id(number: int) -> str:
    return f"{BATCH[:-2]}{number:02d}"


@dataclass
class RasBatches:
    """The batches of a user in the stub RAS."""

    platform: StubPlatform
    user: str = TEACHER
    rows: dict[str, dict[str, object]] = field(default_factory=dict)

    def put(self, number: int, **fields: object) -> None:
        new_row = ROW | {"batch_id": batch_id(number), "user_id": self.user}
        self.rows[batch_id(number)] = self.rows.get(batch_id(number), new_row) | fields
        self._update_response()

    def remove(self, number: int) -> None:
        self.rows.pop(batch_id(number), None)
        self._update_response()

    def _update_response(self) -> None:
        page = batch_page(*self.rows.values())
        self.platform.ras.on(f"/internal/v1/batches/user/{self.user}", Reply(body=page))

    @property
    def reads(self) -> int:
        path = f"/internal/v1/batches/user/{self.user}"
        requests = [request for request in self.platform.ras.requests if request.path == path]
        return sum("limit=50" in request.target for request in requests)


@dataclass
class StreamFollower:
    """A front end that follows one of several addresses and reconnects whenever it is cut off."""

    session: aiohttp.ClientSession
    urls: list[str]
    user: str = TEACHER
    path: str = "/v1/teacher/events"
    expires: float | None = None
    screen: ScreenCopy = field(default_factory=ScreenCopy)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 0

    def token(self) -> dict[str, str]:
        claims: dict[str, Any] = {"exp": self.expires} if self.expires else {}
        token = access_token(self.user, now=SystemClock().now(), **claims)
        return {"Authorization": bearer(token)}

    async def follow(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(*DISCONNECTED):
                await self.once()
            await asyncio.sleep(0.1)

    async def once(self) -> None:
        """One stream, from its beginning to its end."""
        url = self.urls[self.attempts % len(self.urls)]
        self.attempts += 1
        last = {"Last-Event-ID": self.screen.last_event_id} if self.screen.last_event_id else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=5)
        async with self.session.get(
            url + self.path, headers=self.token() | last, timeout=timeout
        ) as response:
            self.statuses.append(response.status)
            self.headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status == 200:
                await self._receive(response)

    async def _receive(self, response: aiohttp.ClientResponse) -> None:
        buffer = b""
        async for chunk in response.content.iter_any():
            *frames, buffer = (buffer + chunk).split(b"\n\n")
            for frame in frames:
                self.screen.receive(frame + b"\n\n")

    async def fresh(self, url: str) -> dict[str, Any]:
        """The batches of the dashboard, in the form of the stream."""
        async with self.session.get(
            f"{url}/v1/teacher/dashboard?limit=50", headers=self.token()
        ) as response:
            rows = (await response.json())["batches"]
        return {row["batch_id"]: _without_nulls(row) for row in rows}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return value


@asynccontextmanager
async def following(*followers: StreamFollower) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.follow()) for one in followers]
    try:
        yield
        for task in tasks:
            # Raises the failed assertion of a follower's copy.
            assert not task.done(), task.exception()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def wait_until(condition: Any, seconds: float = 15.0) -> None:
    """Wait for a condition; fails after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError("condition not met in time") from None


def message(event: str, **data: object) -> str:
    return json.dumps({"event": event, "data": data})
