"""A read that asks for nothing older shares cache and flight with those that do not."""

from collections.abc import AsyncIterator

import pytest

from bff_core.client import Absence, Credentials, Endpoint, JsonDecoder, ServiceClient, http_session
from bff_core.composition import fan_out
from bff_core.settings import Downstream, Operation
from bff_core.testing import FakeClock, a_client_runtime, a_context
from tests.aioresponses_compat import mocked_downstream
from tests.unit.service_clients import ANY_URL

RULE = Operation(budget=2.0, max_age=2, stale_while_revalidate=5, stale_if_error=30)
PATH = ("number",)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def numbers(clock: FakeClock) -> AsyncIterator[Endpoint[int]]:
    settings = Downstream(name="downstream", url="http://downstream.test")
    async with http_session() as session:
        client = ServiceClient(session, settings, a_client_runtime(clock=clock))
        yield client.endpoint(
            "number",
            RULE,
            JsonDecoder(int),
            credentials=Credentials(),
            absence=Absence(frozenset({404})),
        )
        await client.aclose()


async def test_a_response_that_is_too_old_is_read_again_for_all(
    numbers: Endpoint[int], clock: FakeClock
) -> None:
    ctx = a_context(clock=clock)
    with mocked_downstream() as downstream:
        for number in (1, 2, 3):
            downstream.get(ANY_URL, payload=number)
        found: list[int | None] = [(await numbers.get(ctx, PATH)).value]
        clock.advance(1)
        found += [
            (await numbers.get(ctx, PATH, max_age=1.5)).value,
            (await numbers.get(ctx, PATH, max_age=0.5)).value,
            (await numbers.get(ctx, PATH)).value,
        ]
        clock.advance(3)
        found += [(await numbers.find(a_context(clock=clock), PATH, max_age=60)).value]

    assert found == [1, 1, 2, 2, 3]


async def test_equal_reads_in_flight_are_one_whatever_age_they_accept(
    numbers: Endpoint[int], clock: FakeClock
) -> None:
    ctx = a_context(clock=clock)
    with mocked_downstream() as downstream:
        downstream.get(ANY_URL, payload=1)
        async with fan_out() as group:
            reads = [
                group.create_task(numbers.get(ctx, PATH, max_age=age)) for age in (None, 0.5, 0.0)
            ]

        assert [one.result().value for one in reads] == [1, 1, 1]
        assert len(downstream.received) == 1


async def test_while_the_source_fails_the_kept_response_is_stale(
    numbers: Endpoint[int], clock: FakeClock
) -> None:
    ctx = a_context(clock=clock)
    with mocked_downstream() as downstream:
        downstream.get(ANY_URL, payload=1)
        downstream.get(ANY_URL, status=500)
        await numbers.get(ctx, PATH)
        clock.advance(1)
        found = await numbers.get(ctx, PATH, max_age=0.5)

    assert (found.value, found.age, found.stale) == (1, 1.0, True)
