"""Structured logs, Prometheus metrics and, where wanted, traces."""

from bff_core.observability.logs import configure_logs
from bff_core.observability.metrics import Metrics, remembered
from bff_core.observability.tracing import (
    CALL_LOG,
    NOT_FOUND,
    UNTRACED,
    CallNote,
    Span,
    configure_tracing,
    note_call,
    set_tracing,
    tracing,
)

__all__ = [
    "CALL_LOG",
    "NOT_FOUND",
    "UNTRACED",
    "CallNote",
    "Metrics",
    "Span",
    "configure_logs",
    "configure_tracing",
    "note_call",
    "remembered",
    "set_tracing",
    "tracing",
]
