"""One request is one trace, from the client through gateway and BFF to the services behind it."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from devstack.seed import PEOPLE
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.trace_collector import Collector, Seen, collecting

TEACHER = next(person for person in PEOPLE if "teacher" in person.roles)
SERVER, CLIENT = 2, 3


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """The devstack, told by OpenTelemetry's own variables where to send its spans."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        environ.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with demo_stack(tmp_path_factory.mktemp("traced")) as (stack, _):
            yield stack


@pytest.fixture(scope="module")
def trace() -> str:
    return uuid4().hex


@pytest.fixture(scope="module")
def spans(traced: DemoStack, collector: Collector, trace: str) -> list[Seen]:
    """What one dashboard left behind."""
    headers = {
        "Authorization": f"Bearer {traced.token(TEACHER)}",
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
    }
    answer = httpx.get(f"{traced.gateway}/bff/v1/teacher/dashboard", headers=headers, timeout=10)
    assert answer.status_code == 200

    def both_have_told(seen: list[Seen]) -> bool:
        return len([one for one in seen if (one.trace, one.kind) == (trace, SERVER)]) == 2

    arrived = collector.wait_for(both_have_told)
    return [one for one in arrived if one.trace == trace]


def only(spans: list[Seen], service: str, kind: int) -> Seen:
    (found,) = [one for one in spans if (one.service, one.kind) == (service, kind)]
    return found


def test_a_trace_goes_through_gateway_and_bff_with_the_right_parents(spans: list[Seen]) -> None:
    entered = only(spans, "gateway", SERVER)
    forwarded = only(spans, "gateway", CLIENT)
    answered = only(spans, "bff_teacher", SERVER)
    calls = [one for one in spans if (one.service, one.kind) == ("bff_teacher", CLIENT)]

    assert entered.parent == "00f067aa0ba902b7"
    assert forwarded.parent == entered.span
    assert answered.parent == forwarded.span
    assert {one.parent for one in calls} == {answered.span}
    assert {one.attributes["peer.service"] for one in calls} == {
        "ras",
        "cms",
        "bos",
        "entitlements",
    }


def test_spans_are_named_for_routes_and_operations(spans: list[Seen]) -> None:
    names = {one.name for one in spans}

    assert "GET /bff/v1/teacher/dashboard" in names
    asked = next(one for one in spans if one.name == "ras.user_batches")
    assert asked.attributes["bff.outcome"] == "ok"
    assert asked.attributes["bff.attempt"] == "1"


def test_the_service_behind_is_told_which_call_it_serves(
    traced: DemoStack, spans: list[Seen], trace: str
) -> None:
    requests = httpx.get(f"{traced.url(4003)}/_devstack/requests", timeout=10).json()["requests"]

    told = {one["headers"].get("traceparent", "")[:52] for one in requests}
    asked = {one.span for one in spans if one.attributes.get("peer.service") == "ras"}
    assert asked
    assert {f"00-{trace}-{span}" for span in asked} <= told


def test_no_trace_holds_a_person_or_a_secret(
    traced: DemoStack, spans: list[Seen], collector: Collector
) -> None:
    sent = b"".join(collector.raw)

    assert spans
    for word in (TEACHER.user_id, TEACHER.email, traced.token(TEACHER)[:20], "Bearer", "eyJ"):
        assert word.encode() not in sent
