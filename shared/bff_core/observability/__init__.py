"""Structured logs, Prometheus metrics and, where wanted, traces."""

from bff_core.observability.calls import CALL_LOG, NOT_FOUND, CallNote, note_call
from bff_core.observability.logs import configure_logs
from bff_core.observability.metrics import MetricMaker, Metrics, PolicyMetrics, remembered
from bff_core.observability.tracing import UNTRACED, Span, configure_tracing, set_tracing, tracing

__all__ = [
    "CALL_LOG",
    "NOT_FOUND",
    "UNTRACED",
    "CallNote",
    "MetricMaker",
    "Metrics",
    "PolicyMetrics",
    "Span",
    "configure_logs",
    "configure_tracing",
    "note_call",
    "remembered",
    "set_tracing",
    "tracing",
]
