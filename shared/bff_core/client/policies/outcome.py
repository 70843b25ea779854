"""What the end of a call says about the service that was asked."""

from enum import Enum, auto

from bff_core.client.call import Call
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
)


class Outcome(Enum):
    """`NEUTRAL`: the call says nothing about the service's health."""

    SUCCESS = auto()
    FAILURE = auto()
    NEUTRAL = auto()


def classify(error: DownstreamError, call: Call, *, given: float, fair: float) -> Outcome:
    """Whether a failure is the service's.

    `given` is how many seconds the caller allowed; a time-out within less than `fair` is the
    caller's impatience, which must not close the service to everyone.
    """
    if isinstance(error, DownstreamSaturated | CircuitOpen):
        return Outcome.NEUTRAL
    if isinstance(error, DownstreamRefused):
        return Outcome.FAILURE if error.upstream_status == 429 else Outcome.SUCCESS
    if isinstance(error, DownstreamTimeout) and given < fair:
        return Outcome.NEUTRAL
    if call.ignored_by_breaker and is_user_triggerable(error):
        return Outcome.NEUTRAL
    return Outcome.FAILURE


def is_user_triggerable(error: DownstreamError) -> bool:
    """Whether one caller can make it happen at will, by what is asked for."""
    return isinstance(error, DownstreamTimeout) or error.upstream_status == 500
