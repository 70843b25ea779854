"""Nothing waits longer than it may: budgets for calls, timeouts for attempts."""

import asyncio

from msgspec.structs import replace

from bff_core.errors import DownstreamTimeout
from bff_core.http._call import Answer, Call, Policy, Send


def within(seconds: float) -> Policy:
    """End what is inside after `seconds`, or sooner when the call's own deadline is nearer."""

    def policy(send: Send) -> Send:
        async def bounded(call: Call) -> Answer:
            deadline = call.deadline.within(seconds)
            left = deadline.left()
            if left <= 0:
                raise DownstreamTimeout(call.service, reason="no_time_left")
            try:
                async with asyncio.timeout(left):
                    return await send(replace(call, deadline=deadline))
            except TimeoutError as error:
                raise DownstreamTimeout(call.service, reason="deadline") from error

        return bounded

    return policy
