"""A process that reads through a cache."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bff_core.cache import CacheEntry, CacheKey, Freshness, MemoryCache
from bff_core.client.call import DownstreamResponse
from bff_core.client.policies.cached import Cached, RefreshQueue
from bff_core.errors import BffError
from bff_core.testing.clock import FakeClock, Run
from bff_core.testing.doubles import FakeSharedCache
from tests.pipeline_kit import Act, RecordingObserver, ScriptedService, a_call

DASHBOARD = Freshness(max_age=2.0, stale_while_revalidate=5.0, stale_if_error=600.0)


CLASSES = Freshness(
    max_age=30.0, stale_while_revalidate=300.0, stale_if_error=3600.0, store_in_redis=True
)


@dataclass
class Process:
    """One process with a memory cache; `shared` may be the store of several."""

    clock: FakeClock
    shared: FakeSharedCache | None = None
    service: ScriptedService = field(default_factory=ScriptedService)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    memory: MemoryCache[CacheKey, CacheEntry] = field(default_factory=MemoryCache)
    budget: float = 2.0

    def __post_init__(self) -> None:
        self.refreshes = RefreshQueue()
        self.cache = Cached(
            self.memory,
            self.clock,
            budget=self.budget,
            shared_cache=self.shared,
            observer=self.observer,
            refreshes=self.refreshes,
        )
        self.send = self.cache(self.service)

    async def invalidate(self, service: str, identity: str | None, *operations: str) -> None:
        """Forget reads as the pipeline does after a write."""
        self.memory.drop_if(lambda key: key.is_changed_by(service, identity, *operations))
        self.cache.responses.mark_outdated(service, identity, *operations)
        await self.cache.responses.record_write(service, identity)

    async def read(self, **asked: Any) -> DownstreamResponse:
        asked = {"freshness": DASHBOARD, **asked}
        return await self.send(a_call(self.clock, **asked))

    async def attempt(self, **asked: Any) -> DownstreamResponse | BffError:
        try:
            return await self.read(**asked)
        except BffError as error:
            return error

    @property
    def asked(self) -> int:
        return len(self.service.calls)


def story(run: Run, process: Process, *steps: float | Act, **asked: Any) -> list[Any]:
    """Read once; then for every step either wait and read again, or change the script."""

    async def scene() -> list[Any]:
        outcomes = [await process.attempt(**asked)]
        for step in steps:
            if isinstance(step, float):
                await asyncio.sleep(step)
                outcomes.append(await process.attempt(**asked))
            else:
                process.service.play(step)
        await asyncio.sleep(0.0)
        return outcomes

    found: list[Any] = run(scene())
    return found
