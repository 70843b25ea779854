"""The whole pipeline while a service hangs or is broken."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest

from bff_core.cache import Freshness, MemoryCache
from bff_core.client.call import Send
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.attempt import attempt_timeout
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.bulkhead import Bulkhead
from bff_core.client.policies.cached import Cached
from bff_core.client.policies.observer import BreakerState
from bff_core.client.policies.outcome import UnprovenTargetPolicy
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import BffError, DownstreamFailed
from bff_core.testing.clock import FakeClock, Run
from bff_core.token_bucket import TokenBuckets
from tests.pipeline_kit import ScriptedService, a_call


@dataclass
class Client:
    """A service client with a scripted service."""

    clock: FakeClock
    service: ScriptedService
    per_attempt: float = 1.0
    attempts: int = 2

    def __post_init__(self) -> None:
        self.breaker = Breaker("results", self.clock, jitter=lambda: 0.5)
        self.send: Send = apply_policies(
            self.service,
            attempt_timeout(2.0),
            Cached(MemoryCache(), self.clock),
            SingleFlight(self.clock),
            UnprovenTargetPolicy(TokenBuckets(self.clock, capacity=20)),
            Retry(RetryBudget(self.clock), attempts=self.attempts),
            Bulkhead("results"),
            self.breaker,
            attempt_timeout(self.per_attempt),
        )

    async def ask(self, times: int, **asked: object) -> None:
        for _ in range(times):
            with suppress(BffError):
                await self.send(a_call(self.clock, seconds=3.0, **asked))  # type: ignore[arg-type]

    async def ask_at_once(self, callers: int, **asked: object) -> None:
        tasks = [self.ask(1, url=f"/{number}", **asked) for number in range(callers)]
        await asyncio.wait([asyncio.create_task(task) for task in tasks])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("per_attempt", "attempts"), [(2.0, 1), (1.95, 1), (1.0, 2)])
def test_a_hung_service_is_let_rest_whichever_timer_is_first(
    clock: FakeClock, run: Run, method: str, per_attempt: float, attempts: int
) -> None:
    client = Client(clock, ScriptedService(100.0), per_attempt, attempts)

    async def scene() -> None:
        for _ in range(30):
            await client.ask_at_once(5, method=method)

    run(scene())

    assert client.breaker.state is not BreakerState.CLOSED
    assert client.service.busy == 0


def test_callers_who_hang_up_leave_no_mark(clock: FakeClock, run: Run) -> None:
    client = Client(clock, ScriptedService(100.0))

    async def scene() -> None:
        for method in ["GET", "POST"] * 50:
            caller = asyncio.create_task(client.ask(1, method=method))
            await asyncio.sleep(0.9)
            caller.cancel()
            await asyncio.wait([caller])
        await asyncio.sleep(0.1)

    run(scene())

    assert client.breaker.state is BreakerState.CLOSED
    assert client.service.busy == 0


def test_a_thousand_unknown_ids_of_one_teacher_leave_all_others_served(
    clock: FakeClock, run: Run
) -> None:
    client = Client(clock, ScriptedService(DownstreamFailed("results", upstream_status=500)))

    async def scene() -> None:
        for number in range(1000):
            await client.ask(1, url=f"/batches/{number}", ignored_by_breaker=True)

    run(scene())

    assert client.breaker.state is BreakerState.CLOSED
    assert len(client.service.calls) <= 60


def test_a_dead_service_answers_from_the_old_copy_then_honestly(clock: FakeClock, run: Run) -> None:
    client = Client(clock, ScriptedService())
    freshness = Freshness(max_age=2.0, stale_while_revalidate=5.0, stale_if_error=600.0)

    async def scene() -> tuple[list[tuple[bool, int]], BffError]:
        seen = []
        await client.ask(1, freshness=freshness)
        client.service.play(DownstreamFailed("results"))
        for _ in range(6):
            await asyncio.sleep(100.0)
            answer = await client.send(a_call(clock, freshness=freshness))
            seen.append((answer.stale, round(answer.age)))
        await asyncio.sleep(100.0)
        with pytest.raises(DownstreamFailed) as honest:
            await client.send(a_call(clock, freshness=freshness))
        return seen, honest.value

    seen, honest = run(scene())

    assert seen == [(True, 100 * number) for number in range(1, 7)]
    assert honest.status == 502
