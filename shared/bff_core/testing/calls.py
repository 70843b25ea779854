"""Calls to a downstream service, and services that answer them by a script."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from bff_core.client.call import NEVER, Call, DownstreamResponse, Freshness, key_of
from bff_core.clock import Clock
from bff_core.context import Deadline


def a_call(
    clock: Clock,
    *,
    seconds: float = 2.0,
    service: str = "results",
    operation: str = "list_batches",
    method: str = "GET",
    url: str = "http://results.test/batches",
    identity: str = "teacher-1",
    freshness: Freshness = NEVER,
    idempotent: bool = True,
    ignored_by_breaker: bool = False,
) -> Call:
    """A read that is due in `seconds`."""
    return Call(
        service=service,
        operation=operation,
        method=method,
        url=url,
        identity=identity,
        key=key_of(service, operation, identity, method, url),
        deadline=Deadline.after(seconds, clock),
        decode=json.loads,
        freshness=freshness,
        idempotent=idempotent,
        ignored_by_breaker=ignored_by_breaker,
    )


def an_answer(value: Any = "good") -> DownstreamResponse:
    return DownstreamResponse(value=value, body=json.dumps(value).encode())


Act = DownstreamResponse | BaseException | float | Callable[[Call], DownstreamResponse]


class ScriptedService:
    """A `Send` that plays one act per call, the last one for ever.

    An act is an answer, an exception, a number of seconds to take before a good answer, or a
    function of the call. `calls` keeps what was asked; `busy` and `busiest` count calls in flight.
    """

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts) or [an_answer()]
        self.calls: list[Call] = []
        self.busy = 0
        self.busiest = 0

    def play(self, *acts: Act) -> None:
        """Forget the old script and play this one."""
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
            return an_answer()
        return act if isinstance(act, DownstreamResponse) else act(call)
