"""Whether a write that got no answer may have been done all the same."""

from collections.abc import Awaitable

from bff_core.client import DownstreamResponse
from bff_core.errors import CircuitOpen, DownstreamError, DownstreamRefused, DownstreamSaturated

_NOTHING_WAS_SENT = frozenset(
    {
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ClientConnectorSSLError",
        "ConnectionTimeoutError",
        "no_time_left",
        "no_time_to_ask",
    }
)
_WORDS = "It is not known whether this was done; sending the same again is safe and tells"


async def certain(write: Awaitable[DownstreamResponse]) -> DownstreamResponse:
    """The answer of a write; a failure that leaves its outcome open says so in its details."""
    try:
        return await write
    except DownstreamError as error:
        if _may_have_been_done(error):
            error.details["outcome"] = "unknown"
            error.text = _WORDS
        raise


def _may_have_been_done(error: DownstreamError) -> bool:
    if isinstance(error, CircuitOpen | DownstreamSaturated | DownstreamRefused):
        return False
    return error.reason not in _NOTHING_WAS_SENT
