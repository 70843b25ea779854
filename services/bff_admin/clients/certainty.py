"""Marks failed writes whose outcome is not known."""

from collections.abc import Awaitable

from bff_core.client import DownstreamResponse
from bff_core.errors import DownstreamError, DownstreamRefused

_MESSAGE = "It is not known whether this was done; sending the same again is safe and tells"


async def certain(write: Awaitable[DownstreamResponse]) -> DownstreamResponse:
    """Await a write; if it was sent and got no answer, `details.outcome` becomes "unknown"."""
    try:
        return await write
    except DownstreamError as error:
        if error.sent and not isinstance(error, DownstreamRefused):
            error.details["outcome"] = "unknown"
            error.text = _MESSAGE
        raise
