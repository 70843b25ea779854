"""The pipeline of a service: the order of its policies and their settings."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bff_core.cache import Freshness
from bff_core.client import ClientRuntime
from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.pipeline import Pipeline
from bff_core.errors import BffError, CircuitOpen, DownstreamFailed
from bff_core.observability import Metrics
from bff_core.settings import BreakerSettings, Downstream, Operation
from bff_core.testing import FakeClock, a_client_runtime
from bff_core.testing.clock import Run
from tests.pipeline_kit import Act, ScriptedService, a_call, a_response

KEEPS = Freshness(max_age=1.0, stale_while_revalidate=1.0, stale_if_error=60.0)
RESULTS = Downstream(name="results", url="http://results.test")
OPERATION = "list_batches"
RULE = Operation(budget=2.0, attempts=2, in_flight=1)
BROKEN = DownstreamFailed("results", upstream_status=500)


@dataclass
class WiredService:
    """A scripted service behind the pipeline of a client."""

    clock: FakeClock
    downstream: Downstream = RESULTS
    rule: Operation = RULE
    metrics: Metrics = field(default_factory=lambda: Metrics("example"))
    service: ScriptedService = field(default_factory=ScriptedService)

    def __post_init__(self) -> None:
        self.runtime: ClientRuntime = a_client_runtime(self.metrics, self.clock)
        self.pipeline = Pipeline(self.downstream, self.runtime)
        self.send: Send = self.pipeline.wrap(self.service, OPERATION, self.rule)

    def call(self, **asked: Any) -> Call:
        return a_call(self.clock, **({"seconds": 3.0} | asked))

    async def ask(self, **asked: Any) -> DownstreamResponse:
        return await self.send(self.call(**asked))

    async def fail(self, times: int, *acts: Act, **asked: Any) -> None:
        self.service.play(*(acts or (BROKEN,)))
        for number in range(times):
            with suppress(BffError):
                await self.ask(**({"url": f"/{number}"} | asked))

    @property
    def state(self) -> str:
        return self.runtime.breaker_of(self.downstream, OPERATION).state

    def counted(self, name: str, **labels: str) -> float | None:
        everywhere = {"service": "results", "operation": "list_batches"}
        return self.metrics.registry.get_sample_value(f"example_{name}", everywhere | labels)


def test_equal_reads_take_one_slot_together(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock, service=ScriptedService(0.5))

    async def scene() -> list[DownstreamResponse]:
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(wired.ask()) for _ in range(50)]
        return [task.result() for task in asking]

    assert len(run(scene())) == 50
    assert len(wired.service.calls) == 1
    assert wired.counted("downstream_cache_total", result="coalesced") == 49


def test_kept_answers_need_no_leave_of_the_breaker(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    async def scene() -> tuple[DownstreamResponse, DownstreamResponse]:
        await wired.ask(freshness=KEEPS)
        await wired.fail(30, method="POST")
        fresh = await wired.ask(freshness=KEEPS)
        clock.advance(2.5)
        return fresh, await wired.ask(freshness=KEEPS)

    fresh, stale = run(scene())

    assert wired.state == "open"
    assert (fresh.stale, stale.stale) == (False, True)


def test_a_hung_attempt_leaves_time_for_another(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock, service=ScriptedService(100.0, 0.1))

    answer = run(wired.ask())

    assert answer.value == "good"
    assert wired.counted("downstream_calls_total", outcome="timeout") == 1
    assert wired.counted("downstream_calls_total", outcome="ok") == 1


def test_every_attempt_asks_the_breaker(clock: FakeClock, run: Run) -> None:
    strict = RESULTS.model_copy(update={"breaker": BreakerSettings(minimum_calls=1)})
    wired = WiredService(clock, strict, Operation(budget=2.0, attempts=5))
    wired.service.play(BROKEN)

    with pytest.raises(CircuitOpen):
        run(wired.ask())

    assert len(wired.service.calls) == 1
    assert wired.counted("downstream_refusals_total", by="breaker") == 1


def test_a_refused_call_is_no_call(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    run(wired.fail(60))

    assert wired.state == "open"
    assert wired.counted("downstream_calls_total", outcome="circuit_breaker_open") is None


def test_a_full_bulkhead_is_no_mark_against_the_service(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock, service=ScriptedService(0.9))

    async def scene() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(wired.fail(1, 0.9, url=f"/{number}"))

    run(scene())

    assert wired.state == "closed"
    assert (wired.service.busiest, len(wired.service.calls)) == (1, 1)
    assert wired.counted("downstream_refusals_total", by="bulkhead") == 99


def test_unknown_ids_of_one_caller_leave_the_breaker_closed(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    run(wired.fail(1000, ignored_by_breaker=True))

    assert wired.state == "closed"
    assert wired.counted("downstream_refusals_total", by="failure_limit") == 980


def test_retries_keep_to_the_service_s_share(clock: FakeClock, run: Run) -> None:
    never = RESULTS.model_copy(update={"retry_share": 0.0})
    wired = WiredService(clock, never, Operation(budget=2.0, attempts=2))

    run(wired.ask())
    run(wired.fail(15))

    assert len(wired.service.calls) == 1 + 15 + 3


def test_a_write_drops_what_was_kept_and_what_is_under_way(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock, rule=Operation(budget=2.0, in_flight=9))

    async def scene() -> None:
        wired.service.play(0.2)
        early = asyncio.create_task(wired.ask(freshness=KEEPS))
        await asyncio.sleep(0.1)
        await wired.pipeline.invalidate("teacher-1")
        await wired.ask(freshness=KEEPS)
        await early
        await wired.pipeline.invalidate("teacher-1")
        await wired.ask(freshness=KEEPS)

    run(scene())

    assert len(wired.service.calls) == 3


BATCHES = frozenset({"list_batches", "one_batch"})


def test_a_superseding_read_is_made_and_serves_the_reads_after_it(
    clock: FakeClock, run: Run
) -> None:
    wired = WiredService(clock)

    async def scene() -> list[Any]:
        await wired.ask(freshness=KEEPS)
        wired.service.play(a_response("newer"))
        newer = await wired.ask(freshness=KEEPS, supersedes=BATCHES, coalesce=False)
        return [newer.value, (await wired.ask(freshness=KEEPS)).value]

    assert run(scene()) == ["newer", "newer"]
    assert len(wired.service.calls) == 2


@pytest.mark.parametrize(
    ("other", "asked_again"),
    [
        ({"url": "/another-page"}, True),
        ({"operation": "one_batch"}, True),
        ({"operation": "class_activity"}, False),
        ({"identity": "teacher-2"}, False),
    ],
)
def test_a_superseding_read_drops_what_it_makes_old(
    clock: FakeClock, run: Run, other: dict[str, Any], *, asked_again: bool
) -> None:
    wired = WiredService(clock)

    async def scene() -> None:
        await wired.ask(freshness=KEEPS, **other)
        await wired.ask(freshness=KEEPS, supersedes=BATCHES, coalesce=False)
        await wired.ask(freshness=KEEPS, **other)

    run(scene())

    assert len(wired.service.calls) == (3 if asked_again else 2)


def test_a_read_from_before_a_superseding_one_is_neither_stored_nor_joined(
    clock: FakeClock, run: Run
) -> None:
    wired = WiredService(clock, rule=Operation(budget=2.0, in_flight=9))

    async def scene() -> list[Any]:
        wired.service.play(1.0)
        slow = asyncio.create_task(wired.ask(freshness=KEEPS, url="/another-page"))
        await asyncio.sleep(0.1)
        wired.service.play(a_response("newer"))
        await wired.ask(freshness=KEEPS, supersedes=BATCHES, coalesce=False)
        meanwhile = await wired.ask(freshness=KEEPS, url="/another-page")
        wired.pipeline.forget("teacher-1")
        await slow
        return [meanwhile.value, (await wired.ask(freshness=KEEPS, url="/another-page")).value]

    assert run(scene()) == ["newer", "newer"]


def test_a_superseding_read_that_fails_drops_nothing(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    async def scene() -> DownstreamResponse:
        await wired.ask(freshness=KEEPS)
        wired.service.play(BROKEN)
        with pytest.raises(DownstreamFailed):
            await wired.ask(freshness=KEEPS, supersedes=BATCHES, coalesce=False)
        return await wired.ask(freshness=KEEPS)

    assert run(scene()).value == "good"


def test_a_write_of_anybody_can_drop_what_all_users_have_read(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    async def scene() -> None:
        for user in ("admin-1", "admin-2"):
            await wired.ask(freshness=KEEPS, identity=user)
        await wired.pipeline.invalidate(None, "list_batches")
        for user in ("admin-1", "admin-2"):
            await wired.ask(freshness=KEEPS, identity=user)

    run(scene())

    assert len(wired.service.calls) == 4


def test_closing_ends_what_no_request_owns(clock: FakeClock, run: Run) -> None:
    wired = WiredService(clock)

    async def scene() -> None:
        await wired.ask(freshness=KEEPS)
        clock.advance(1.5)
        wired.service.play(100.0)
        await wired.ask(freshness=KEEPS)
        await asyncio.sleep(0.01)
        assert wired.service.busy == 1
        await wired.pipeline.aclose()

    run(scene())

    assert wired.service.busy == 0
