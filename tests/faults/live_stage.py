"""One BFF process with live updates, and what a test needs around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from tests.faults.live_kit import QUICK, Follower, Teaching
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import teacher_process
from tests.faults.tiny_process import Running

EVENTS = "/v1/teacher/events"


@dataclass
class Stage:
    running: Running
    session: aiohttp.ClientSession
    teaching: Teaching
    redis: Redis

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    def follower(self, **more: object) -> Follower:
        return Follower(self.session, [self.url], **more)  # type: ignore[arg-type]

    async def refusal(self, path: str = EVENTS, **more: object) -> tuple[int, str, dict[str, str]]:
        one = self.follower(**more)
        async with self.session.get(self.url + path, headers=one.token()) as answer:
            body = await answer.json()
            return answer.status, body["error"]["code"], dict(answer.headers)

    async def metric(self, name: str) -> float:
        async with self.session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@asynccontextmanager
async def stage(
    folder: Path, platform: StubPlatform, redis_url: str | None, **more: str
) -> AsyncIterator[Stage]:
    urls = platform.urls | ({"REDIS_URL": redis_url} if redis_url else {})
    ledger = {"LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}"}
    redis = Redis.from_url(redis_url or "redis://127.0.0.1:9/0")
    await redis.flushdb() if redis_url else None
    teaching = Teaching(platform)
    teaching.put(1)
    async with aiohttp.ClientSession() as session:
        with teacher_process(folder, urls, **(QUICK | ledger | more)) as running:
            yield Stage(running, session, teaching, redis)
    await redis.aclose()
