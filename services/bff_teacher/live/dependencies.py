"""Options, metrics and dependencies that all streams of a process share."""

from dataclasses import dataclass

from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.bff_teacher.live.event_log import EventLog
from services.bff_teacher.ports import CachedReads


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """Durations are in seconds.

    Attributes:
        channels: Redis channels, with `{user_id}` in them, on which changes of lists are published.
        per_user: Streams that a user may have open in this process.
        per_process: Streams that may be open in this process.
        heartbeat: Time between bytes on a quiet stream.
        write_seconds: Time that one write may take before the stream is cut.
        poll: Time between reads of a followed topic for which no message arrives.
        active_poll: The same while a batch is unfinished and something has happened lately.
        active_seconds: Time after an opening, a message or a change that counts as lately.
        rereads: Times after a message at which the source is read again while nothing has changed,
            because the source may answer from a cache of its own.
        kept_events: Events of a topic that the log keeps.
        kept_seconds: Time for which the log keeps a topic that is no longer followed.
        read_budget: Deadline of one read in the background.
        max_update_bytes: Larger updates are stored as a state without events.
        settle: Delay of a read, so that a burst of messages causes only one.
    """

    channels: tuple[str, ...] = ()
    per_user: int = 6
    per_process: int = 2000
    heartbeat: float = 15.0
    write_seconds: float = 30.0
    poll: float = 30.0
    active_poll: float = 2.0
    active_seconds: float = 300.0
    rereads: tuple[float, ...] = (5.0, 30.0, 300.0)
    kept_events: int = 256
    kept_seconds: float = 600.0
    read_budget: float = 3.0
    max_update_bytes: int = 64 * 1024
    settle: float = 0.1


class LiveMetrics:
    """Metrics of live updates; no label names a user, a batch or a request."""

    def __init__(self, metrics: Metrics) -> None:
        make = metrics.make
        self.open_streams = make.gauge("live_streams_open", "Open event streams.")
        self.topics = make.gauge("live_topics_followed", "Lists and batches being followed.")
        self.events_sent = make.counter("live_events_sent_total", "Events sent.", "event")
        self.ended = make.counter("live_streams_ended_total", "Event streams ended.", "reason")
        self.refused = make.counter("live_streams_refused_total", "Streams refused.", "reason")
        self.resyncs = make.counter("live_resyncs_total", "Snapshots sent again.", "reason")
        self.triggers = make.counter(
            "live_triggers_total", "Triggers of reads, and ignored messages.", "kind"
        )
        self.reads = make.counter("live_reads_total", "Reads of a source by outcome.", "outcome")


@dataclass(frozen=True, slots=True)
class StreamDependencies:
    """Shared by all streams of a process, whose name among the replicas is `replica`."""

    event_log: EventLog
    clock: Clock
    metrics: LiveMetrics
    options: LiveOptions
    reads: CachedReads
    replica: str
