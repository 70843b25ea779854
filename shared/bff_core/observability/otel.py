"""Spans by OpenTelemetry; the only module that imports it, loaded when tracing is configured."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bff_core.observability.tracing import NOT_FOUND

GOOD = "ok"
_CARRIERS = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_PROPAGATOR = TraceContextTextMapPropagator()


class OtelTracing:
    """Spans of a provider; exception texts are not recorded."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("bff_core")

    @contextmanager
    def server_span(self, headers: Iterable[tuple[bytes, bytes]], /) -> Iterator["RecordedSpan"]:
        found = [(_CARRIERS[name], value) for name, value in headers if name in _CARRIERS]
        carrier = {name: value.decode("latin-1") for name, value in found}
        if len(carrier) != len(found):
            # A header that is sent twice names no caller's trace.
            carrier = {}
        with self._tracer.start_as_current_span(
            "request",
            context=_PROPAGATOR.extract(carrier, context=Context()),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield RecordedSpan(span)

    @contextmanager
    def client_span(
        self, service: str, operation: str, method: str, attempt: int = 1
    ) -> Iterator["RecordedSpan"]:
        with self._tracer.start_as_current_span(
            f"{service}.{operation}",
            kind=SpanKind.CLIENT,
            attributes={
                "peer.service": service,
                "bff.operation": operation,
                "bff.attempt": attempt,
                "http.request.method": method,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield RecordedSpan(span)

    def headers(self) -> Mapping[str, str]:
        """Headers that propagate the trace."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier


class RecordedSpan:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self.trace_id: str | None = format_trace_id(span.get_span_context().trace_id)

    def set_response(self, method: str, route: str, status: int) -> None:
        """`status` is 0 when the client disconnected before the response."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attribute("http.request.method", method)
        self._span.set_attribute("http.route", route)
        if status:
            self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))

    def set_outcome(self, outcome: str) -> None:
        self._span.set_attribute("bff.outcome", outcome)
        if outcome not in {GOOD, "cancelled", NOT_FOUND}:
            self._span.set_status(Status(StatusCode.ERROR))


def otlp_tracing(service: str, environment: str) -> OtelTracing:
    """Tracing that exports in batches from its own thread, the last batch when the process ends."""
    ours = {"service.name": service, "deployment.environment": environment}
    resource = Resource.create(ours).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracing(provider)
