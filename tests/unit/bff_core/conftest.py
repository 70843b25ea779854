"""Spans as a test reads them."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bff_core.observability import UNTRACED, set_tracing
from bff_core.observability.otel import OtelTracing


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Tracing is on, and this is what it made."""
    made = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    set_tracing(OtelTracing(provider))
    yield made
    set_tracing(UNTRACED)
