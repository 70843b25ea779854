"""Nothing waits longer than it may: budgets for calls, timeouts for attempts."""

from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Policy, Send
from bff_core.errors import DownstreamTimeout
from bff_core.time_limit import TimeLimit


def call_deadline(seconds: float) -> Policy:
    """Give what is inside `seconds`, or less when the call's own deadline is nearer.

    No timer keeps it: whatever waits inside keeps the call's deadline itself and says why it was
    missed, but for the shared cache, whose operations have a few milliseconds of their own.
    """

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            return await send(_hurried(call, seconds))

        return bounded

    return policy


def attempt_timeout(seconds: float) -> Policy:
    """End what is inside after `seconds`, or sooner when the call's own deadline is nearer."""

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> DownstreamResponse:
            hurried = _hurried(call, seconds)
            try:
                with TimeLimit(hurried.deadline.left()):
                    return await send(hurried)
            except TimeoutError as error:
                raise DownstreamTimeout(call.service, reason="deadline") from error

        return bounded

    return policy


def _hurried(call: Call, seconds: float) -> Call:
    deadline = call.deadline.within(seconds)
    if deadline.passed:
        raise DownstreamTimeout(call.service, reason="no_time_left", sent=False)
    return replace(call, deadline=deadline)
