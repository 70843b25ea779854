"""RAS's answers about one batch and one essay."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bff_core.cache import MemoryCache
from bff_core.client import CacheEntry, ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.errors import DownstreamFailed, DownstreamRefused, NotFound
from bff_core.observability import Metrics
from bff_core.settings import Downstream, Operation
from bff_core.testing import ANY, FakeClock, Reply, StubServer, a_context, stub_server
from services.bff_teacher.clients.ras import HttpBatches
from tests.faults.platform_answers import BATCH, ESSAY, NO_ROUTE, WHOLE_BATCH

CTX = a_context()
HTML = {"Content-Type": "text/html"}


@dataclass
class Ras:
    stub: StubServer
    batches: HttpBatches
    clock: FakeClock


@pytest.fixture
async def ras() -> AsyncIterator[Ras]:
    clock = FakeClock()
    outbound = ClientRuntime(Metrics("example"), clock, MemoryCache[CacheEntry]())
    async with stub_server() as stub, http_session() as session:
        client = ServiceClient(session, Downstream(name="ras", url=stub.url), outbound)
        rule = Operation(budget=1.0)
        identity = ServiceIdentity("bff-teacher-service", "key")
        batches = HttpBatches(client, identity, clock, one_batch=rule, one_essay=rule)
        yield Ras(stub, batches, clock)


async def test_batch_is_asked_for_under_its_own_path(ras: Ras) -> None:
    ras.stub.on(ANY, Reply(body=WHOLE_BATCH))

    assert (await ras.batches.get(CTX, BATCH)).value.batch_id == BATCH
    assert ras.stub.requests[0].target == f"/internal/v1/batches/{BATCH}/status"


@pytest.mark.parametrize(("status", "details"), [(400, {"reason": "not_yet_available"}), (404, {})])
async def test_refusal_of_its_own_means_there_is_no_batch_for_now(
    ras: Ras, status: int, details: dict[str, str]
) -> None:
    ras.stub.on(ANY, Reply(status, b'{"error":"SECRET"}'))

    with pytest.raises(NotFound) as missing:
        await ras.batches.get(CTX, BATCH)

    assert missing.value.details == details


@pytest.mark.parametrize(
    "reply",
    [Reply(404, b"", HTML), Reply(400, b"", HTML), Reply(401, b"{}"), Reply(429, b"{}")],
)
async def test_any_other_refusal_is_a_failure(ras: Ras, reply: Reply) -> None:
    ras.stub.on(ANY, reply)

    with pytest.raises(DownstreamRefused):
        await ras.batches.get(CTX, BATCH)


async def test_unknown_essay_is_none_and_the_route_is_asked_again(ras: Ras) -> None:
    ras.stub.on(ANY, Reply(404, b'{"error":"Essay not found"}'))

    found = [await ras.batches.get_essay(CTX, BATCH, ESSAY) for _ in range(2)]

    assert (found, len(ras.stub.requests)) == ([None, None], 2)


async def test_missing_route_is_remembered_for_ten_minutes(ras: Ras) -> None:
    ras.stub.on(ANY, NO_ROUTE)

    await ras.batches.get_essay(CTX, BATCH, ESSAY)
    ras.clock.advance(599.9)
    await ras.batches.get_essay(CTX, BATCH, ESSAY)
    asked_within = len(ras.stub.requests)
    ras.clock.advance(0.1)
    await ras.batches.get_essay(CTX, BATCH, ESSAY)

    assert (asked_within, len(ras.stub.requests)) == (1, 2)


async def test_missing_essay_route_does_not_cost_the_batch(ras: Ras) -> None:
    ras.stub.on(ANY, NO_ROUTE, Reply(body=WHOLE_BATCH))

    await ras.batches.get_essay(CTX, BATCH, ESSAY)

    assert (await ras.batches.get(CTX, BATCH)).value.batch_id == BATCH


@pytest.mark.parametrize("reply", [Reply(500, b"{}"), Reply(401, b"{}"), Reply(body=b"{}")])
async def test_route_that_fails_is_a_failure_and_not_forgotten(ras: Ras, reply: Reply) -> None:
    ras.stub.on(ANY, reply)

    for _ in range(2):
        with pytest.raises(DownstreamFailed):
            await ras.batches.get_essay(CTX, BATCH, ESSAY)

    assert len(ras.stub.requests) == 2


def test_failures_of_invented_ids_are_neutral(ras: Ras) -> None:
    assert ras.batches._batch.user_triggerable
