"""What operators see: structured logs, Prometheus metrics and, where wanted, traces."""

from bff_core.observability.calls import CallNote, note_call, noting_calls
from bff_core.observability.logs import configure_logs
from bff_core.observability.metrics import Metrics
from bff_core.observability.tracing import UNTRACED, Span, configure_tracing, trace_with, tracing

__all__ = [
    "UNTRACED",
    "CallNote",
    "Metrics",
    "Span",
    "configure_logs",
    "configure_tracing",
    "note_call",
    "noting_calls",
    "trace_with",
    "tracing",
]
