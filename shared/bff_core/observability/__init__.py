"""What operators see: structured logs, Prometheus metrics and, where wanted, traces."""

from bff_core.observability.calls import CALL_LOG, CallNote, note_call
from bff_core.observability.logs import LOG_CONTEXT, configure_logs
from bff_core.observability.metrics import Metrics
from bff_core.observability.tracing import UNTRACED, Span, configure_tracing, trace_with, tracing

__all__ = [
    "CALL_LOG",
    "LOG_CONTEXT",
    "UNTRACED",
    "CallNote",
    "Metrics",
    "Span",
    "configure_logs",
    "configure_tracing",
    "note_call",
    "trace_with",
    "tracing",
]
