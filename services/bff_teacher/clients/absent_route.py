"""A route that only some releases of a service have."""

from bff_core.clock import Clock

ROUTE_ABSENT_SECONDS = 600.0
"""Seconds without calls to a route after the service answered that it has none."""


class AbsentRoute:
    """Remembers that a service lacks the route, until it is time to ask again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = float("-inf")

    @property
    def is_remembered(self) -> bool:
        return self._clock.monotonic() < self._until

    def remember(self) -> None:
        self._until = self._clock.monotonic() + ROUTE_ABSENT_SECONDS
