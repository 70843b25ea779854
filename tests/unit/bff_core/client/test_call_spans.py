"""Each attempt is a span, and its trace context is passed on."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from bff_core.client.call import Call, DownstreamResponse
from bff_core.client.pipeline import apply_policies
from bff_core.client.policies.attempt import instrumented
from bff_core.client.policies.retry import Retry, RetryBudget
from bff_core.errors import DownstreamRefused, DownstreamUnreachable
from bff_core.observability import Metrics, tracing
from bff_core.testing import FakeClock
from tests.pipeline_kit import ScriptedService, a_call, a_response


async def at_once(_: float) -> None:
    """Nobody waits in a unit test."""


async def test_an_attempt_is_a_span_of_bounded_words(
    spans: InMemorySpanExporter, clock: FakeClock
) -> None:
    service = ScriptedService()

    await instrumented(Metrics("example"))(service)(a_call(clock))

    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind) == ("results.list_batches", SpanKind.CLIENT)
    assert dict(span.attributes or {}) == {
        "peer.service": "results",
        "bff.operation": "list_batches",
        "bff.attempt": 1,
        "http.request.method": "GET",
        "bff.outcome": "ok",
    }


async def test_each_attempt_has_its_number_and_its_outcome(
    spans: InMemorySpanExporter, clock: FakeClock
) -> None:
    service = ScriptedService(DownstreamUnreachable("results"), a_response())
    retry = Retry(RetryBudget(clock), sleep=at_once)

    await apply_policies(service, retry, instrumented(Metrics("example")))(a_call(clock))

    told = [
        (dict(span.attributes or {})["bff.attempt"], dict(span.attributes or {})["bff.outcome"])
        for span in spans.get_finished_spans()
    ]
    assert told == [(1, "connection_error"), (2, "ok")]
    assert [span.status.status_code for span in spans.get_finished_spans()] == [
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]


@pytest.mark.parametrize(
    ("is_own", "outcome", "level"),
    [(True, "not_found", "debug"), (False, "external_service_error", "warning")],
)
async def test_404_of_the_service_is_no_failure_and_that_of_a_router_is_one(
    spans: InMemorySpanExporter, clock: FakeClock, is_own: bool, outcome: str, level: str
) -> None:
    metrics = Metrics("example")
    refused = DownstreamRefused("results", upstream_status=404, spoke_json=is_own)

    with capture_logs() as logs, pytest.raises(DownstreamRefused):
        await instrumented(metrics)(ScriptedService(refused))(a_call(clock))

    labels = {"service": "results", "operation": "list_batches", "outcome": outcome}
    assert metrics.registry.get_sample_value("example_downstream_calls_total", labels) == 1
    assert [line["log_level"] for line in logs] == [level]
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code is StatusCode.ERROR) != is_own


async def test_what_an_exception_says_is_in_no_span(
    spans: InMemorySpanExporter, clock: FakeClock
) -> None:
    service = ScriptedService(RuntimeError("secret-77"))

    with pytest.raises(RuntimeError):
        await instrumented(Metrics("example"))(service)(a_call(clock))

    (span,) = spans.get_finished_spans()
    assert "secret-77" not in span.to_json()
    assert not span.events


async def test_the_service_is_told_the_attempt_s_span(
    spans: InMemorySpanExporter, clock: FakeClock
) -> None:
    told: list[str] = []

    async def transport(_: Call) -> DownstreamResponse:
        told.append(tracing().headers()["traceparent"])
        return a_response()

    await instrumented(Metrics("example"))(transport)(a_call(clock))

    context = spans.get_finished_spans()[0].context
    assert context is not None
    assert told[0][:52] == f"00-{context.trace_id:032x}-{context.span_id:016x}"


def test_without_tracing_nothing_is_added_to_a_call() -> None:
    assert tracing().headers() == {}
