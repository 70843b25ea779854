"""Live updates with real parts: teachers who follow streams, and a platform that changes."""

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
from tests.unit.bff_teacher.streaming.live_world import Client

QUICK = {
    "LIVE__POLL": "1.5",
    "LIVE__HEARTBEAT": "1",
    "LIVE__REREADS": "0.5,1,2",
    # What a fresh read is compared with must not be from our own cache.
    "RAS__USER_LIST__MAX_AGE": "0",
    "RAS__USER_LIST__STALE_WHILE_REVALIDATE": "0",
    "RAS__USER_LIST__STALE_IF_ERROR": "0",
    "SHUTDOWN_DELAY": "0",
}
GONE = (aiohttp.ClientError, OSError, TimeoutError)


def batch_id(number: int) -> str:
    return f"{BATCH[:-2]}{number:02d}"


@dataclass
class Teaching:
    """What RAS shows of a teacher's batches."""

    platform: StubPlatform
    user: str = TEACHER
    rows: dict[str, dict[str, object]] = field(default_factory=dict)

    def put(self, number: int, **fields: object) -> None:
        one = batch_id(number)
        row = self.rows.get(one, ROW | {"batch_id": one, "user_id": self.user})
        self.rows[one] = row | fields
        self.show()

    def drop(self, number: int) -> None:
        self.rows.pop(batch_id(number), None)
        self.show()

    def show(self) -> None:
        page = batch_page(*self.rows.values())
        self.platform.ras.on(f"/internal/v1/batches/user/{self.user}", Reply(body=page))

    @property
    def reads(self) -> int:
        path = f"/internal/v1/batches/user/{self.user}"
        asked = [one for one in self.platform.ras.requests if one.path == path]
        return sum("limit=50" in one.target for one in asked)


@dataclass
class Follower:
    """A front end: it follows one of several addresses and comes back whenever it is cut off."""

    session: aiohttp.ClientSession
    urls: list[str]
    user: str = TEACHER
    path: str = "/v1/teacher/events"
    expires: float | None = None
    copy: Client = field(default_factory=Client)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    tries: int = 0

    def token(self) -> dict[str, str]:
        claims: dict[str, object] = {"exp": self.expires} if self.expires else {}
        token = access_token(self.user, now=SystemClock().now(), **claims)
        return {"Authorization": bearer(token)}

    async def follow(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(*GONE):
                await self.once()
            await asyncio.sleep(0.1)

    async def once(self) -> None:
        """One stream, from its beginning to its end."""
        url = self.urls[self.tries % len(self.urls)]
        self.tries += 1
        last = {"Last-Event-ID": self.copy.last_id} if self.copy.last_id else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=5)
        async with self.session.get(
            url + self.path, headers=self.token() | last, timeout=timeout
        ) as answer:
            self.statuses.append(answer.status)
            self.headers = {name.lower(): value for name, value in answer.headers.items()}
            if answer.status == 200:
                await self._hear(answer)

    async def _hear(self, answer: aiohttp.ClientResponse) -> None:
        rest = b""
        async for chunk in answer.content.iter_any():
            *frames, rest = (rest + chunk).split(b"\n\n")
            for frame in frames:
                self.copy.hear(frame + b"\n\n")

    async def fresh(self, url: str) -> dict[str, Any]:
        """The same by asking."""
        async with self.session.get(
            f"{url}/v1/teacher/dashboard?limit=50", headers=self.token()
        ) as answer:
            rows = (await answer.json())["batches"]
        return {row["batch_id"]: _without_nulls(row) for row in rows}


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@asynccontextmanager
async def following(*followers: Follower) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.follow()) for one in followers]
    try:
        yield
        for task in tasks:
            # What a copy objects to is the test's failure.
            assert not task.done(), task.exception()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(condition: Any, seconds: float = 15.0) -> None:
    """Wait for what must come; what it was is in the failure."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError("it did not come") from None


def message(event: str, **data: object) -> str:
    return json.dumps({"event": event, "data": data})
