"""Notes of the calls of a request for its log line, and spans where OpenTelemetry is configured."""

from collections.abc import Mapping
from contextvars import ContextVar
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, Union

import msgspec
import structlog

if TYPE_CHECKING:
    from bff_core.observability.otel import OtelTracing, RecordedSpan

SUPPORTED_PROTOCOL = "http/protobuf"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

log = structlog.get_logger()

NOT_FOUND = "not_found"
"""The outcome of a call that a service answered with a 404 of its own, which is no failure of it."""


class CallNote(msgspec.Struct, frozen=True, gc=False):
    """A downstream call of a request; `started` is on the performance counter, `took` in seconds."""

    service: str
    operation: str
    outcome: str
    started: float
    took: float

    def since(self, request_started: float) -> dict[str, object]:
        """As a log line holds it: milliseconds, counted from the start of the request."""
        return {
            "call": f"{self.service}.{self.operation}",
            "at_ms": round((self.started - request_started) * 1000, 1),
            "took_ms": round(self.took * 1000, 1),
            "outcome": self.outcome,
        }


CALL_LOG: ContextVar[list[CallNote] | None] = ContextVar("call_notes", default=None)
"""Calls of the current request, in the order in which they end; None outside a request."""


def note_call(note: CallNote) -> None:
    notes = CALL_LOG.get()
    if notes is not None:
        notes.append(note)


class Untraced:
    """Tracing that traces nothing, and the span that it makes."""

    trace_id: str | None = None

    def server_span(self, *_: object) -> Self:
        return self

    def client_span(self, *_: object) -> Self:
        return self

    def headers(self) -> Mapping[str, str]:
        return _NO_HEADERS

    def set_response(self, method: str, route: str, status: int) -> None: ...

    def set_outcome(self, outcome: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


UNTRACED = Untraced()
Tracing = Union[Untraced, "OtelTracing"]
Span = Union[Untraced, "RecordedSpan"]
"""A served request or an attempt at a call; contains no id, path, name or header."""


class ProcessTracing:
    """The tracing of this process."""

    tracing: Tracing = UNTRACED


def tracing() -> Tracing:
    return ProcessTracing.tracing


def set_tracing(tracing: Tracing) -> None:
    """Replace the tracing of this process."""
    ProcessTracing.tracing = tracing


def configure_tracing(environ: Mapping[str, str], *, service: str, environment: str) -> None:
    """Export spans as OpenTelemetry's environment variables say; none without them or the extra.

    The service starts even when it cannot export; the reason is logged.
    """
    if not _is_wanted(environ):
        return
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), SUPPORTED_PROTOCOL)
    if protocol != SUPPORTED_PROTOCOL:
        log.warning(
            "tracing_not_started", reason="protocol", wanted=protocol, supported=SUPPORTED_PROTOCOL
        )
        return
    try:
        otel = import_module("bff_core.observability.otel")
    except ImportError:
        log.warning("tracing_not_started", reason="extra", missing="huleedu-bff[otel]")
        return
    set_tracing(otel.otlp_tracing(service, environment))
    log.info("tracing_started")


def _is_wanted(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER")
    if exporter:
        return exporter == "otlp"
    return any(environ.get(name) for name in _ENDPOINTS)
