"""What operators see: structured logs and Prometheus metrics."""

from bff_core.observability.calls import CallNote, note_call, noting_calls
from bff_core.observability.logs import configure_logs
from bff_core.observability.metrics import Metrics

__all__ = ["CallNote", "Metrics", "configure_logs", "note_call", "noting_calls"]
