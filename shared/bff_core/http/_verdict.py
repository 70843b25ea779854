"""What the end of a call says about the service that was asked."""

from enum import Enum, auto

from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
)
from bff_core.http._call import Call


class Verdict(Enum):
    """`NEUTRAL`: the call says nothing about the service's health."""

    SUCCESS = auto()
    FAILURE = auto()
    NEUTRAL = auto()


def judge(error: DownstreamError, call: Call, *, given: float, fair: float) -> Verdict:
    """Whether a failure is the service's.

    `given` is how many seconds the caller allowed; a time-out within less than `fair` is the
    caller's impatience, which must not close the service to everyone.
    """
    if isinstance(error, DownstreamSaturated | CircuitOpen):
        return Verdict.NEUTRAL
    if isinstance(error, DownstreamRefused):
        return Verdict.FAILURE if error.upstream_status == 429 else Verdict.SUCCESS
    if isinstance(error, DownstreamTimeout) and given < fair:
        return Verdict.NEUTRAL
    if call.neutral_failures and provoked(error):
        return Verdict.NEUTRAL
    return Verdict.FAILURE


def provoked(error: DownstreamError) -> bool:
    """Whether one caller can make it happen at will, by what is asked for."""
    return isinstance(error, DownstreamTimeout) or error.upstream_status == 500
