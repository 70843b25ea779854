"""Refreshes share a bounded queue, behind what somebody waits for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from bff_core.client.policies.cached import RefreshQueue, Work
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import ScriptedService, a_call
from tests.unit.bff_core.client.cached_process import DASHBOARD, Process


class Works:
    """Refreshes of 0.1 s, and how many ran at a time."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.busiest = 0
        self.busiest_of: Counter[str] = Counter()
        self.ended: list[str] = []

    def of(self, identity: str) -> Work:
        async def work() -> None:
            self.running[identity] += 1
            self.busiest = max(self.busiest, self.running.total())
            self.busiest_of[identity] = max(self.busiest_of[identity], self.running[identity])
            await asyncio.sleep(0.1)
            self.running[identity] -= 1
            self.ended.append(identity)

        return work


def scene_of(
    queue: RefreshQueue, works: Works, identities: list[str], seconds: float
) -> Callable[[], Coroutine[Any, Any, list[bool]]]:
    async def scene() -> list[bool]:
        taken = [queue.put(identity, works.of(identity)) for identity in identities]
        await asyncio.sleep(seconds)
        await queue.aclose()
        return taken

    return scene


def test_few_run_at_a_time_and_fewer_of_one_identity(run: Run) -> None:
    queue, works = RefreshQueue(), Works()

    run(scene_of(queue, works, ["a"] * 45 + ["b"] * 10 + ["c"] * 10, 10.0)())

    assert (works.busiest, works.busiest_of["a"]) == (4, 2)
    assert len(works.ended) == 65
    assert (queue.slots.in_use, queue.slots.waiting) == (0, 0)


def test_identities_take_turns(run: Run) -> None:
    queue, works = RefreshQueue(), Works()

    run(scene_of(queue, works, ["a"] * 45 + ["b", "c"], 10.0)())

    assert {"b", "c"} <= set(works.ended[:6])


def test_what_does_not_fit_is_dropped(run: Run) -> None:
    queue, works = RefreshQueue(max_waiting=80), Works()

    taken = run(scene_of(queue, works, ["a"] * 100 + ["b"] * 30, 60.0)())

    assert sum(taken[:100]) == 2 + 64
    assert sum(taken[100:]) == 2 + 16


def test_while_somebody_waits_one_runs(clock: FakeClock, run: Run) -> None:
    queue, works = RefreshQueue(), Works()
    send = queue(ScriptedService(1.0))

    async def scene() -> int:
        awaited = asyncio.ensure_future(send(a_call(clock)))
        await asyncio.sleep(0)
        for identity in "abcdefgh" * 2:
            queue.put(identity, works.of(identity))
        await asyncio.sleep(0.55)
        during = works.busiest
        await awaited
        await asyncio.sleep(1.0)
        return during

    assert run(scene()) == 1
    assert works.busiest == 4
    assert len(works.ended) == 16


def test_closing_drops_what_waits_and_ends_what_runs(run: Run) -> None:
    queue, works = RefreshQueue(), Works()

    run(scene_of(queue, works, ["a"] * 20, 0.05)())

    assert works.ended == []
    assert (queue.slots.in_use, queue.slots.waiting) == (0, 0)


def test_45_old_entries_are_refreshed_two_at_a_time(process: Process, run: Run) -> None:
    urls = [f"http://cms.test/classes/{number}/roster" for number in range(45)]

    async def scene() -> None:
        for url in urls:
            await process.read(url=url)
        await asyncio.sleep(DASHBOARD.max_age + 0.1)
        process.service.play(0.05)
        process.service.busiest = 0
        for url in urls:
            await process.read(url=url)
        await asyncio.sleep(3.0)

    run(scene())

    assert process.service.busiest == 2
    assert process.asked == 90
    assert process.cache.refreshing == 0
