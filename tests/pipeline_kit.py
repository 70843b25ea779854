"""Calls, scripted services that receive them, and an observer that records the events."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from bff_core.cache import CacheKey, Freshness
from bff_core.client.call import NOT_CACHEABLE, Call, DownstreamResponse
from bff_core.client.policies.observer import BreakerState, CacheResult, Observer, RefusedBy
from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.fair_slots import UNSHARED
from bff_core.testing.clock import FakeClock, run_virtually

Run = Callable[[Awaitable[Any]], Any]


def runner(clock: FakeClock) -> Run:
    """A function that awaits a call, or another awaitable, on the fake clock's time."""

    async def main(work: Awaitable[Any]) -> Any:
        return await work

    return lambda work: run_virtually(clock, main(work))


def a_call(
    clock: Clock,
    *,
    seconds: float = 2.0,
    service: str = "results",
    operation: str = "list_batches",
    method: str = "GET",
    url: str = "http://results.test/batches",
    identity: str = "teacher-1",
    caller: str = UNSHARED,
    freshness: Freshness = NOT_CACHEABLE,
    ignored_by_breaker: bool = False,
    supersedes: frozenset[str] = frozenset(),
    coalesce: bool = True,
) -> Call:
    """A read that is due in `seconds`."""
    return Call(
        service=service,
        operation=operation,
        method=method,
        url=url,
        identity=identity,
        caller=caller,
        deadline=Deadline.after(seconds, clock),
        decode=json.loads,
        freshness=freshness,
        ignored_by_breaker=ignored_by_breaker,
        supersedes=supersedes,
        coalesce=coalesce,
    )


def a_response(value: Any = "good") -> DownstreamResponse:
    return DownstreamResponse(value=value, body=json.dumps(value).encode())


Act = DownstreamResponse | BaseException | float | Callable[[Call], DownstreamResponse]


class ScriptedService:
    """A `Send` that plays one act per call and repeats the last one.

    An act is a response, an exception, seconds of delay before a response, or a function of the
    call. `calls` records the calls; `busy` and `busiest` count calls in flight.
    """

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts) or [a_response()]
        self.calls: list[Call] = []
        self.busy = 0
        self.busiest = 0

    def play(self, *acts: Act) -> None:
        """Replace the script."""
        self._acts = list(acts)

    async def __call__(self, call: Call) -> DownstreamResponse:
        self.calls.append(call)
        act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._perform(act, call)
        finally:
            self.busy -= 1

    async def _perform(self, act: Act, call: Call) -> DownstreamResponse:
        if isinstance(act, BaseException):
            raise act
        if isinstance(act, float):
            await asyncio.sleep(act)
            return a_response()
        return act if isinstance(act, DownstreamResponse) else act(call)


class RecordingObserver(Observer):
    """`events` holds one tuple per event, in order, its kind first; `keys` the key of each call."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.keys: list[CacheKey] = []

    def cached(self, call: Call, result: CacheResult) -> None:
        self._record(call, result)

    def retried(self, call: Call, reason: str) -> None:
        self._record(call, "retried", reason)

    def refused(self, call: Call, by: RefusedBy) -> None:
        self._record(call, "refused", by)

    def breaker_changed(
        self, service: str, operation: str | None, before: BreakerState, after: BreakerState
    ) -> None:
        self.events.append(("breaker", service, before.value, after.value))

    def _record(self, call: Call, *event: str) -> None:
        self.keys.append(call.key)
        self.events.append(event)
