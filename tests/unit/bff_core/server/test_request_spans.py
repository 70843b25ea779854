"""A request is a span of its caller's trace."""

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from quart.typing import TestClientProtocol as Client
from werkzeug.datastructures import Headers as ManyHeaders

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def test_a_request_is_a_span_named_for_its_route(
    spans: InMemorySpanExporter, client: Client, as_admin: dict[str, str]
) -> None:
    await client.get("/v1/things/secret-77?q=secret-77", headers=as_admin)

    span = only(spans)
    assert (span.name, span.kind) == ("GET /v1/things/<thing_id>", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/things/<thing_id>",
        "http.response.status_code": 200,
    }


async def test_no_span_holds_a_person_an_id_or_a_token(
    spans: InMemorySpanExporter, client: Client, as_admin: dict[str, str]
) -> None:
    answer = await client.get("/v1/things/secret-77", headers=as_admin)

    text = only(spans).to_json()
    for word in ("secret-77", "admin-1", "eyJ", answer.headers["X-Correlation-ID"]):
        assert word not in text


async def test_the_caller_s_trace_goes_on(spans: InMemorySpanExporter, client: Client) -> None:
    await client.get("/v1/open", headers={"traceparent": TRACEPARENT, "tracestate": "v=1"})

    span = only(spans)
    assert trace_of(span) == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize("given", ["", "odd", TRACEPARENT[:-1], f"00-{'0' * 32}-{PARENT}-01", "å"])
async def test_an_odd_trace_is_not_the_caller_s(
    spans: InMemorySpanExporter, client: Client, given: str
) -> None:
    answer = await client.get("/v1/open", headers={"traceparent": given})

    assert answer.status_code == 200
    assert only(spans).parent is None


async def test_of_two_traces_none_is_believed(spans: InMemorySpanExporter, client: Client) -> None:
    await client.get("/v1/open", headers=ManyHeaders([("traceparent", TRACEPARENT)] * 2))

    assert only(spans).parent is None


async def test_a_refusal_is_a_good_span_and_a_failure_is_not(
    spans: InMemorySpanExporter, client: Client, as_teacher: dict[str, str], things: Any
) -> None:
    await client.get("/v1/things")
    things.error = RuntimeError("secret-77")
    await client.get("/v1/things", headers=as_teacher)

    refused, failed = spans.get_finished_spans()
    assert refused.status.status_code == StatusCode.UNSET
    assert failed.status.status_code == StatusCode.ERROR
    assert "secret-77" not in failed.to_json()


async def test_health_checks_are_no_spans(spans: InMemorySpanExporter, client: Client) -> None:
    for path in ("/healthz", "/ready", "/metrics"):
        await client.get(path)

    assert spans.get_finished_spans() == ()
