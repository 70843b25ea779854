"""The source of time; tests replace it."""

import time
from datetime import UTC, datetime
from typing import Protocol

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - it is the one that is subtracted from naive times.
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """A monotonic clock for durations and a wall clock for dates."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        ...


class SystemClock:
    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        return datetime.now(UTC)


def to_wire(moment: datetime) -> str:
    """ISO 8601 with microseconds and `Z`, the platform's spelling of a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_utc(moment: datetime) -> datetime:
    """The platform writes UTC without saying so; a time that names its zone is converted."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    # `replace` takes ten times as long, and a page has fifty of them.
    return _EPOCH_UTC + (moment - _EPOCH)
