"""State of the consumer, for metrics and the health report."""

from collections.abc import Iterable, Mapping
from math import nan
from typing import Literal

from bff_core.clock import Clock
from bff_core.observability import Metrics

State = Literal["connected", "connecting", "absent", "off"]


class EventsStatus:
    """Written by the consumer; `off` where no Kafka is set, `absent` without the client library.

    Made in any case, so that a scrape contains the metrics before the first message.
    """

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        make = metrics.make
        self._clock = clock
        self._heard_at: float | None = None
        self.state: State = "off"
        self.lag: int | None = None
        self.rejects: int | None = None
        self.consumed = make.counter(
            "events_consumed_total", "Messages of Kafka by outcome.", "topic", "outcome"
        )
        self.restarts = make.counter(
            "events_restarts_total", "Consumers replaced by a new one.", "reason"
        )
        make.gauge(
            "events_connected", "1 while the broker answers, 0 while not, -1 where no Kafka is set."
        ).set_function(self._connected)
        make.gauge(
            "events_lag",
            "Messages in the partitions of this replica that it has not read; NaN while unknown.",
        ).set_function(lambda: _known(self.lag))
        make.gauge(
            "events_silent_seconds", "Seconds since a message arrived, or since the start."
        ).set_function(lambda: self._clock.monotonic() - self._since())
        make.gauge(
            "events_rejected", "Messages kept as unreadable; NaN while unknown."
        ).set_function(lambda: _known(self.rejects))
        self._started_at = clock.monotonic()

    def expect(self, topics: Iterable[str]) -> None:
        """Export the rejects of each topic from zero on, so that its first one is an increase."""
        for topic in topics:
            self.consumed.labels(topic, "rejected")

    def _connected(self) -> float:
        return -1.0 if self.state == "off" else float(self.state == "connected")

    def hear(self) -> None:
        """Record that messages have arrived."""
        self._heard_at = self._clock.monotonic()

    def report(self) -> Mapping[str, object]:
        """The state as JSON; a value is null until it is known."""
        silent = None if self._heard_at is None else self._clock.monotonic() - self._heard_at
        return {
            "status": self.state,
            "lag": self.lag,
            "silent_seconds": None if silent is None else round(silent, 1),
            "rejects": self.rejects,
        }

    @property
    def is_on(self) -> bool:
        return self.state != "off"

    def _since(self) -> float:
        return self._started_at if self._heard_at is None else self._heard_at


def _known(number: int | None) -> float:
    return nan if number is None else float(number)
