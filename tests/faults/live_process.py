"""A teacher BFF process with live updates, its Redis and its stub platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from tests.faults.live_clients import FAST_SETTINGS, RasBatches, StreamFollower
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import teacher_process
from tests.faults.tiny_process import Running

EVENTS = "/v1/teacher/events"


@dataclass
class LiveProcess:
    running: Running
    session: aiohttp.ClientSession
    batches: RasBatches
    redis: Redis

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    def follower(self, **overrides: object) -> StreamFollower:
        return StreamFollower(self.session, [self.url], **overrides)  # type: ignore[arg-type]

    async def error_response(
        self, path: str = EVENTS, **overrides: object
    ) -> tuple[int, str, dict[str, str]]:
        one = self.follower(**overrides)
        async with self.session.get(self.url + path, headers=one.token()) as response:
            body = await response.json()
            return response.status, body["error"]["code"], dict(response.headers)

    async def metric(self, name: str) -> float:
        async with self.session.get(f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@asynccontextmanager
async def live_process(
    folder: Path, platform: StubPlatform, redis_url: str | None, **overrides: str
) -> AsyncIterator[LiveProcess]:
    urls = platform.urls | ({"REDIS_URL": redis_url} if redis_url else {})
    ledger = {"LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}"}
    redis = Redis.from_url(redis_url or "redis://127.0.0.1:9/0")
    await redis.flushdb() if redis_url else None
    batches = RasBatches(platform)
    batches.put(1)
    async with aiohttp.ClientSession() as session:
        with teacher_process(folder, urls, **(FAST_SETTINGS | ledger | overrides)) as running:
            yield LiveProcess(running, session, batches, redis)
    await redis.aclose()
