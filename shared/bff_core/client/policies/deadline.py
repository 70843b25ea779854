"""Time limits: one for a whole call, one for each attempt."""

from asyncio import timeout

from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Policy, Send
from bff_core.errors import DownstreamTimeout

DEADLINE_TOLERANCE = 0.001
"""A cancellation within so many seconds of the deadline counts as a timeout."""


def call_deadline(seconds: float) -> Policy:
    """Bring the call's deadline forward to `seconds` from now, if that is earlier.

    It sets no timer: whatever waits inside keeps the call's deadline itself and reports why it was
    missed.
    """

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            return await send(_with_deadline(call, seconds))

        return bounded

    return policy


def attempt_timeout(seconds: float) -> Policy:
    """Cancel an attempt after `seconds`, or at the call's deadline if that is earlier."""

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            call = _with_deadline(call, seconds)
            try:
                async with timeout(call.deadline.left()):
                    return await send(call)
            except TimeoutError as error:
                raise DownstreamTimeout(call.service, reason="deadline") from error

        return bounded

    return policy


def _with_deadline(call: Call, seconds: float) -> Call:
    deadline = call.deadline.within(seconds)
    if deadline.passed:
        raise DownstreamTimeout(call.service, reason="no_time_left", sent=False)
    return replace(call, deadline=deadline)
