"""What a breaker costs per call: closed, and refusing. Prints medians in microseconds of CPU."""

import asyncio
from statistics import median
from time import process_time

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.outcome import Outcome
from bff_core.clock import SystemClock
from bff_core.errors import CircuitOpen
from bff_core.testing.calls import a_call, an_answer

CALLS = 10_000  # Refusals last 5 s, all rounds must fit.
ROUNDS = 15
ANSWER = an_answer()


async def nothing(_: Call) -> DownstreamResponse:
    return ANSWER


async def spend(send: Send, call: Call) -> float:
    """Microseconds per call that is answered."""
    began = process_time()
    for _ in range(CALLS):
        await send(call)
    return (process_time() - began) / CALLS * 1e6


async def spend_refused(send: Send, call: Call) -> float:
    """Microseconds per call that is refused."""
    began = process_time()
    for _ in range(CALLS):
        try:  # noqa: SIM105 - suppress() would be measured too.
            await send(call)
        except CircuitOpen:
            pass
    return (process_time() - began) / CALLS * 1e6


async def over_bare(guarded: Send, call: Call) -> float:
    """The median of the differences, taken in turns so that both see the same noise."""
    return median([await spend(guarded, call) - await spend(nothing, call) for _ in range(ROUNDS)])


async def in_full(refusing: Send, call: Call) -> float:
    """The median of the whole cost: a refusal replaces the call."""
    return median([await spend_refused(refusing, call) for _ in range(ROUNDS)])


def main() -> None:
    clock = SystemClock()
    call = a_call(clock, seconds=3600.0)
    closed, opened = Breaker("bench", clock), Breaker("bench", clock, jitter=lambda: 0.5)
    for _ in range(20):
        opened.settle(opened.admit(call), Outcome.FAILURE)
    closed_us = asyncio.run(over_bare(closed(nothing), call))
    refused_us = asyncio.run(in_full(opened(nothing), call))
    print(f"closed   {closed_us:5.2f} us a call (aim < 2)")
    print(f"refused  {refused_us:5.2f} us a call (aim < 3)")


if __name__ == "__main__":
    main()
