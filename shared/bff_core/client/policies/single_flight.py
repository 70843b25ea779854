"""Makes one call of many equal ones that are asked at the same time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from bff_core.client.background import Background
from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import UNOBSERVED, Observer, notify
from bff_core.clock import Clock
from bff_core.context import Deadline
from bff_core.errors import BffError, DownstreamTimeout, Unavailable, Unexpected

LINGER = 0.05
"""Seconds that a call may go on when nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class SingleFlightOptions:
    """`budget`: seconds a shared call may take, whoever waits for it and for how long."""

    budget: float = 2.0


@dataclass(eq=False, slots=True)
class _Flight:
    """A call under way and how many wait for it."""

    call: Call
    task: asyncio.Task[DownstreamResponse] = field(init=False)
    waiting: int = 0
    overran: bool = False
    turns: set[asyncio.Future[None]] = field(default_factory=set)

    async def fly(self, send: Send) -> DownstreamResponse:
        """The task's own; it wakes who waits as it ends, a turn of the loop before its callbacks."""
        try:
            return await send(self.call)
        finally:
            self.wake()

    async def ended(self, *, within: float) -> None:
        """Wait so many seconds at most; the task goes on when the one who waits is cancelled.

        `asyncio.wait` does the same for any number of tasks, and takes three times as long.
        """
        if self.task.done():
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self.turns.add(turn)
        timer = loop.call_later(within, _come, turn)
        try:
            await turn
        finally:
            timer.cancel()
            self.turns.discard(turn)

    def wake(self) -> None:
        for turn in self.turns:
            _come(turn)

    def overrun(self) -> None:
        """Only a backstop: the policies inside keep the deadline, and know whose fault it is."""
        self.overran = self.task.cancel()


class SingleFlight:
    """A policy for calls that change nothing.

    The shared call belongs to nobody who waits: it goes on when one of them leaves, and is
    cancelled when the last one has left.
    """

    def __init__(
        self,
        clock: Clock,
        options: SingleFlightOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._clock = clock
        self._options = options or SingleFlightOptions()
        self._observer = observer
        self._flights: dict[str, _Flight] = {}
        self._background = Background()

    @property
    def under_way(self) -> int:
        return len(self._background)

    def __call__(self, send: Send) -> Send:
        async def shared(call: Call) -> DownstreamResponse:
            if call.alone or not call.safe:
                return await send(call)
            flight = self._flights.get(call.key)
            if flight is None:
                flight = self._take_off(send, call)
            else:
                notify(self._observer.coalesced, call)
            return await self._wait(flight, call)

        return shared

    def forget(self, service: str, identity: str, operation: str | None = None) -> None:
        """Let no later call join one that began before now: a write has changed the answer."""
        asked = (service, identity)
        for key, flight in list(self._flights.items()):
            call = flight.call
            if (call.service, call.identity) == asked and operation in {None, call.operation}:
                del self._flights[key]

    async def aclose(self) -> None:
        """Cancel what is under way and wait for its end."""
        await self._background.aclose()

    def _take_off(self, send: Send, call: Call) -> _Flight:
        own = replace(call, deadline=Deadline.after(self._options.budget, self._clock))
        flight = _Flight(own)
        flight.task = self._background.start(flight.fly(send))
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._options.budget + LINGER, flight.overrun)

        def end(_: object) -> None:
            timer.cancel()
            # A task that is cancelled before its first step has woken nobody.
            flight.wake()

        flight.task.add_done_callback(end)
        self._flights[call.key] = flight
        return flight

    def _end(self, flight: _Flight) -> None:
        """Nobody waits. A call about to time out may do so: the breaker learns from it."""
        if self._flights.get(flight.call.key) is flight:
            del self._flights[flight.call.key]
        if flight.call.deadline.left() > LINGER:
            flight.task.cancel()

    async def _wait(self, flight: _Flight, call: Call) -> DownstreamResponse:
        flight.waiting += 1
        try:
            await flight.ended(within=call.deadline.left())
        finally:
            flight.waiting -= 1
            if flight.waiting == 0:
                self._end(flight)
        if not flight.task.done():
            raise DownstreamTimeout(call.service, reason="no_time_to_wait")
        return _landed(flight)


def _come(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


def _landed(flight: _Flight) -> DownstreamResponse:
    """The answer, or the failure as an exception of one's own.

    One instance raised in 500 tasks would gather 500 tracebacks, and a screen that names its part
    in it would name it for the others.
    """
    if flight.overran:
        raise DownstreamTimeout(flight.call.service, reason="shared_call_overran")
    if flight.task.cancelled():
        raise Unavailable(retry_after=1.0)
    error = flight.task.exception()
    if error is None:
        return flight.task.result()
    if isinstance(error, BffError):
        raise _twin(error) from error.__cause__
    raise Unexpected from error


def _twin(error: BffError) -> BffError:
    """The same failure with facts of its own; constructors differ, so none is called."""
    make: Callable[..., BffError] = type(error).__new__
    twin = make(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    twin.details = dict(error.details)
    return twin
