"""Cost of a breaker per call, closed and refusing: medians in microseconds of CPU."""

import asyncio
from statistics import median
from time import process_time

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.breaker import Breaker
from bff_core.client.policies.outcome import Outcome
from bff_core.clock import SystemClock
from bff_core.errors import CircuitOpen
from tests.pipeline_kit import a_call, a_response

CALLS = 10_000  # All rounds must fit into the 5 s that the breaker stays open.
ROUNDS = 15
ANSWER = a_response()


async def respond(_: Call) -> DownstreamResponse:
    return ANSWER


async def cost_of_calls(send: Send, call: Call) -> float:
    """Microseconds a successful call."""
    began = process_time()
    for _ in range(CALLS):
        await send(call)
    return (process_time() - began) / CALLS * 1e6


async def cost_of_refusals(send: Send, call: Call) -> float:
    """Microseconds a refused call."""
    began = process_time()
    for _ in range(CALLS):
        try:  # noqa: SIM105 - suppress() would be measured too.
            await send(call)
        except CircuitOpen:
            pass
    return (process_time() - began) / CALLS * 1e6


async def measure(closed: Send, opened: Send, call: Call) -> tuple[float, float]:
    """The cost that a closed breaker adds to a call, and the whole cost of a refusal."""
    # Alternating, so that both see the same noise.
    added = [
        await cost_of_calls(closed, call) - await cost_of_calls(respond, call)
        for _ in range(ROUNDS)
    ]
    refused = [await cost_of_refusals(opened, call) for _ in range(ROUNDS)]
    return median(added), median(refused)


def main() -> None:
    clock = SystemClock()
    call = a_call(clock, seconds=3600.0)
    closed, opened = Breaker("bench", clock), Breaker("bench", clock, jitter=lambda: 0.5)
    for _ in range(20):
        opened.record(opened.acquire(call), Outcome.FAILURE)
    closed_us, refused_us = asyncio.run(measure(closed(respond), opened(respond), call))
    print(f"closed   {closed_us:5.2f} us a call (aim < 2)")
    print(f"refused  {refused_us:5.2f} us a call (aim < 3)")


if __name__ == "__main__":
    main()
