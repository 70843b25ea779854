"""Counts of waiting matches: CMS's own, where it has such a route."""

import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused
from bff_core.testing import FakeClock
from services.bff_teacher.clients.absent_route import ROUTE_ABSENT_SECONDS
from services.bff_teacher.clients.cms import HttpReviews
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

STATUS = {
    "batch_id": "b-1",
    "deviation_count": 3,
    "auto_confirm_deadline": "2026-02-01T09:00:00",
    "total_associations": 4,
    "confirmed_associations": 1,
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def reviews(client: ServiceClient, clock: FakeClock) -> HttpReviews:
    return HttpReviews(client, IDENTITY, clock, validation=RULE)


async def test_counts_of_several_batches(
    reviews: HttpReviews, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"b-1": STATUS, "b-2": None})

    counts = await reviews.of_batches(ctx, ["B-1", "b-2"])

    received = the_request(downstream)
    assert received.line == "GET /internal/v1/batches/validation-status?batch_ids=B-1,b-2"
    assert credentials_in(received) == SERVICE_KEY
    assert counts is not None
    assert counts.value["b-2"] is None
    assert counts.value["b-1"] is not None
    assert counts.value["b-1"].deviation_count == 3


async def test_counts_of_a_batch_that_was_not_asked_for_are_refused(
    reviews: HttpReviews, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"b-9": STATUS | {"batch_id": "b-9"}}, repeat=True)

    with pytest.raises(DownstreamFailed):
        await reviews.of_batches(ctx, ["b-1"])


@pytest.mark.parametrize("status", [404, 401])
async def test_absent_route_is_asked_for_again_after_ten_minutes(
    reviews: HttpReviews,
    ctx: RequestContext,
    downstream: MockedDownstream,
    clock: FakeClock,
    status: int,
) -> None:
    downstream.get(ANY_URL, status=status, body="<h1>Not Found</h1>")
    downstream.get(ANY_URL, payload={"b-1": STATUS})

    assert await reviews.of_batches(ctx, ["b-1"]) is None
    assert await reviews.of_batches(ctx, ["b-1"]) is None
    clock.advance(ROUTE_ABSENT_SECONDS)
    assert await reviews.of_batches(ctx, ["b-1"]) is not None


@pytest.mark.parametrize(("status", "error"), [(500, DownstreamFailed), (429, DownstreamRefused)])
async def test_route_that_fails_is_there(
    reviews: HttpReviews,
    ctx: RequestContext,
    downstream: MockedDownstream,
    status: int,
    error: type[Exception],
) -> None:
    downstream.get(ANY_URL, status=status, payload={}, repeat=True)

    with pytest.raises(error):
        await reviews.of_batches(ctx, ["b-1"])


async def test_rows_of_a_batch(
    reviews: HttpReviews, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    row = {"essay_id": "e-1", "suggested_student_id": "s-1", "created_at": "2026-01-31T09:00:00"}
    downstream.get(ANY_URL, payload={"associations": [row, {"essay_id": 7}]})

    page = await reviews.rows_of(ctx, "b-1")

    received = the_request(downstream)
    assert received.line == "GET /v1/batches/b-1/student-associations"
    assert credentials_in(received) == {"X-User-ID": USER}
    assert (len(page.value.associations), page.value.skipped) == (1, 1)


async def test_students_matched_with_a_batch(
    reviews: HttpReviews, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=[])

    assert (await reviews.students_of(ctx, "b-1")).value == []
    assert the_request(downstream).line == "GET /internal/v1/batches/b-1/student-names"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY
