"""Requests to the results aggregator: URL, credentials, decoding and errors of each method."""

import pytest
from structlog.testing import capture_logs

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused, NotFound, RateLimited
from bff_core.testing import FakeClock
from services.bff_teacher.clients.ras import HttpBatches, HttpResults
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import (
    ANY_URL,
    IDENTITY,
    RULE,
    SERVICE_KEY,
    USER,
    credentials_in,
    the_request,
)

BATCH = {
    "batch_id": "b-1",
    "user_id": USER,
    "overall_status": "processing_pipelines",
    "essay_count": 2,
    "completed_essay_count": 1,
    "failed_essay_count": 0,
    "created_at": "2026-01-30T08:55:20.103311",
    "last_updated": "2026-01-30T09:33:50.600172",
}
PAGE = {"batches": [BATCH], "pagination": {"limit": 20, "offset": 40, "total": 41}}
ESSAY = {"essay_id": "e-1", "last_updated": "2026-01-30T09:33:50.600172"}
LIST = f"/internal/v1/batches/user/{USER}"


@pytest.fixture
def results(client: ServiceClient) -> HttpResults:
    return HttpResults(client, IDENTITY, user_list=RULE, class_activity=RULE)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def batches(client: ServiceClient, clock: FakeClock) -> HttpBatches:
    return HttpBatches(client, IDENTITY, clock, one_batch=RULE, one_essay=RULE)


async def test_a_page_of_batches(
    results: HttpResults, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=PAGE)

    page = await results.page(ctx, limit=20, offset=40)

    assert the_request(downstream).line == f"GET {LIST}?limit=20&offset=40"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY
    assert [batch.batch_id for batch in page.value.batches] == ["b-1"]
    assert page.value.pagination.total == 41


async def test_a_page_of_one_status(
    results: HttpResults, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=PAGE)

    await results.page(ctx, limit=20, offset=0, status="ready_for_pipeline_execution")

    query = the_request(downstream).url.query
    assert query["status"] == "ready_for_pipeline_execution"


async def test_an_invalid_batch_is_left_out_and_counted(
    results: HttpResults, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=PAGE | {"batches": [BATCH, {"batch_id": 7}]})

    page = await results.page(ctx, limit=20, offset=0)

    assert (len(page.value.batches), page.value.skipped) == (1, 1)


async def test_the_newest_batches(
    results: HttpResults, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=PAGE)

    await results.newest(ctx)

    assert the_request(downstream).line == f"GET {LIST}?limit=100&offset=0"


async def test_one_batch(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=BATCH | {"essays": [ESSAY, {"essay_id": 7}]})

    batch = await batches.get(ctx, "b-1")

    assert the_request(downstream).line == "GET /internal/v1/batches/b-1/status"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY
    assert [essay.essay_id for essay in batch.value.essays] == ["e-1"]
    assert batch.value.skipped == 1


@pytest.mark.parametrize(
    ("status", "content_type", "expected", "details"),
    [
        (404, "application/json", NotFound, {}),
        (400, "application/json", NotFound, {"reason": "not_yet_available"}),
        (404, "text/html", DownstreamRefused, {"service": "downstream"}),
        (400, "text/html", DownstreamRefused, {"service": "downstream"}),
        (401, "application/json", DownstreamRefused, {"service": "downstream"}),
        (429, "application/json", DownstreamRefused, {"service": "downstream"}),
        (500, "application/json", DownstreamFailed, {"service": "downstream"}),
    ],
)
async def test_errors_of_one_batch(
    batches: HttpBatches,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    status: int,
    content_type: str,
    expected: type[Exception],
    details: dict[str, object],
) -> None:
    downstream.get(ANY_URL, status=status, content_type=content_type)

    with pytest.raises(expected) as caught:
        await batches.get(ctx, "b-1")

    assert getattr(caught.value, "details", None) == details


async def test_one_essay_that_is_not_there(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, payload={"error": {}})

    assert await batches.get_essay(ctx, "b-1", "e-1") is None

    assert the_request(downstream).line == "GET /internal/v1/batches/b-1/essays/e-1"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY


async def test_an_unknown_essay_is_asked_for_again(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, payload={"error": {}}, repeat=True)

    found = [await batches.get_essay(ctx, "b-1", "e-1") for _ in range(2)]

    assert (found, len(downstream.received)) == ([None, None], 2)


async def test_an_absent_essay_route_is_tried_again_after_ten_minutes(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream, clock: FakeClock
) -> None:
    downstream.get(ANY_URL, status=404, content_type="text/html", repeat=True)
    calls = []
    for seconds in (0.0, 599.0, 1.0):
        clock.advance(seconds)
        await batches.get_essay(ctx, "b-1", "e-1")
        calls.append(len(downstream.received))

    assert calls == [1, 1, 2]


async def test_an_absent_essay_route_is_no_failure_in_the_log(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, content_type="text/html")

    with capture_logs() as logs:
        await batches.get_essay(ctx, "b-1", "e-1")

    assert {line["log_level"] for line in logs} == {"debug"}


async def test_an_absent_essay_route_does_not_cost_the_batch(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, content_type="text/html")
    downstream.get(ANY_URL, payload=BATCH | {"essays": []})

    await batches.get_essay(ctx, "b-1", "e-1")

    assert (await batches.get(ctx, "b-1")).value.batch_id == "b-1"


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 401}, {"payload": {}}])
async def test_a_failure_of_the_essay_route_is_one_and_is_not_remembered(
    batches: HttpBatches,
    ctx: RequestContext,
    downstream: MockedDownstream,
    answer: dict[str, object],
) -> None:
    downstream.get(ANY_URL, repeat=True, **answer)

    for _ in range(2):
        with pytest.raises(DownstreamFailed):
            await batches.get_essay(ctx, "b-1", "e-1")

    assert len(downstream.received) == 2


async def test_users_cannot_open_the_breaker_with_invented_ids(
    batches: HttpBatches, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=500, repeat=True)

    for number in range(25):
        with pytest.raises((DownstreamFailed, RateLimited)):
            await batches.get(ctx, f"b-{number}")

    assert len(downstream.received) == 20
