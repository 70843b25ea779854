"""What operators see of live updates."""

from bff_core.observability import Metrics


class Measures:
    """Counts without a label that names a user, a batch or a request."""

    def __init__(self, metrics: Metrics) -> None:
        make = metrics.make
        self.open_streams = make.gauge("live_streams_open", "Event streams that are open.")
        self.topics = make.gauge("live_topics_followed", "Lists and batches that are followed.")
        self._events = make.counter("live_events_sent_total", "Events sent.", "event")
        self._endings = make.counter("live_streams_ended_total", "Streams that ended.", "reason")
        self._refusals = make.counter("live_streams_refused_total", "Streams refused.", "reason")
        self._resyncs = make.counter("live_resyncs_total", "Streams begun anew.", "reason")
        self._triggers = make.counter("live_triggers_total", "Reasons to read anew.", "kind")
        self._reads = make.counter("live_reads_total", "Reads of a source by outcome.", "outcome")

    def sent(self, event: str) -> None:
        self._events.labels(event).inc()

    def ended(self, reason: str) -> None:
        self._endings.labels(reason).inc()

    def refused(self, reason: str) -> None:
        self._refusals.labels(reason).inc()

    def resynced(self, reason: str) -> None:
        self._resyncs.labels(reason).inc()

    def triggered(self, kind: str) -> None:
        """By a message, the poll, a re-read, an opening; or a message that is ignored, and why."""
        self._triggers.labels(kind).inc()

    def read(self, outcome: str) -> None:
        """`changed`, `same`, `gone`, `failed`."""
        self._reads.labels(outcome).inc()
