"""Equal reads share one downstream call; writes never do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bff_core.client import Credentials, Endpoint, JsonDecoder, ServiceClient, http_session
from bff_core.clock import SystemClock
from bff_core.errors import DownstreamFailed
from bff_core.settings import Downstream, Operation
from bff_core.testing import (
    ANY,
    Reply,
    StubServer,
    a_client_runtime,
    a_context,
    access_token,
    bearer,
)
from bff_core.testing import stub_server as a_stub
from tests.faults.class_list import Page
from tests.faults.conftest import Screens, open_screens
from tests.faults.platform_answers import BATCH_PAGE, TEACHER

GOOD = Reply(body=b'{"total": 1}', delay=0.3)
OTHER = "5e2c9f10-7b34-4d8e-a6c1-0f9b8a7d6c5e"
# Patience for a crowd on a busy machine; what is counted does not depend on it.
PATIENT = {
    "REQUEST_BUDGET": "30",
    "RAS__USER_LIST__BUDGET": "20",
    "RAS__USER_LIST__MAX_AGE": "60",
    "RAS__CLASS_ACTIVITY__BUDGET": "20",
    "CMS__CLASS_LIST__BUDGET": "20",
    "CMS__CLASS_INFO__BUDGET": "20",
    "CMS__ROSTERS__BUDGET": "20",
    "BOS__PIPELINE_STATE__BUDGET": "20",
}


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with a_stub() as stub:
        stub.on(ANY, GOOD)
        yield stub


@pytest.fixture
async def listing(stub: StubServer) -> AsyncIterator[Endpoint[Page]]:
    """An endpoint that keeps, shares and repeats whatever it may."""
    rule = Operation(
        budget=10.0,
        attempts=3,
        max_age=60,
        stale_while_revalidate=60,
        stale_if_error=60,
        in_flight=600,
    )
    async with http_session() as session:
        client = ServiceClient(session, Downstream(name="cms", url=stub.url), a_client_runtime())
        yield client.endpoint("list", rule, JsonDecoder(Page), credentials=Credentials(user=True))
        await client.aclose()


async def ask(screens: Screens, user: str) -> int:
    token = bearer(access_token(user, now=SystemClock().now()))
    answer = await screens.client.get("/v1/teacher/dashboard", headers={"Authorization": token})
    return answer.status_code


async def test_500_equal_dashboards_ask_each_question_once() -> None:
    async with open_screens(**PATIENT, MAX_IN_FLIGHT_PER_USER="512") as screens:
        screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=BATCH_PAGE, delay=0.5))
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask(screens, TEACHER)) for _ in range(500)]

    asked = Counter(one.target for stub in (screens.ras, screens.cms) for one in stub.requests)
    assert {task.result() for task in asking} == {200}
    assert set(asked.values()) == {1}
    assert len(asked) == 5


async def test_two_users_never_share_a_call() -> None:
    async with open_screens(**PATIENT) as screens:
        screens.cms.on("/v1/classes/", Reply(body=b'{"classes": []}', delay=0.3))
        screens.ras.on(f"/internal/v1/batches/user/{OTHER}", Reply(body=BATCH_PAGE, delay=0.3))
        async with asyncio.TaskGroup() as group:
            for user in (TEACHER, OTHER) * 5:
                group.create_task(ask(screens, user))

    lists = [one for one in screens.cms.requests if one.path == "/v1/classes/"]
    assert sorted(one.headers["x-user-id"] for one in lists) == sorted([TEACHER, OTHER])


async def test_a_leader_that_leaves_fails_no_follower(
    stub: StubServer, listing: Endpoint[Page]
) -> None:
    ctx = a_context(seconds=20.0, clock=SystemClock())
    leader, *followers = [asyncio.create_task(listing.get(ctx, ["v1"])) for _ in range(50)]
    while not stub.requests:
        await asyncio.sleep(0.01)

    leader.cancel()
    readings = [await follower for follower in followers]

    assert leader.cancelled()
    assert [reading.value for reading in readings] == [Page(1)] * 49
    assert len(stub.requests) == 1


async def test_writes_are_made_one_by_one_and_never_kept(
    stub: StubServer, listing: Endpoint[Page]
) -> None:
    ctx = a_context(seconds=20.0, clock=SystemClock())
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(listing.post(ctx, ["v1"], b"{}"))
    await listing.post(ctx, ["v1"], b"{}")
    await listing.get(ctx, ["v1"])

    assert Counter(one.method for one in stub.requests) == {"POST": 6, "GET": 1}


@pytest.mark.parametrize("reply", [Reply(500), Reply(429, headers={"Retry-After": "0"})])
async def test_a_write_that_fails_is_not_repeated_and_shows_nothing_old(
    stub: StubServer, listing: Endpoint[Page], reply: Reply
) -> None:
    ctx = a_context(seconds=20.0, clock=SystemClock())
    await listing.get(ctx, ["v1"])
    stub.on(ANY, reply)

    with pytest.raises(DownstreamFailed):
        await listing.post(ctx, ["v1"], b"{}")

    assert Counter(one.method for one in stub.requests) == {"GET": 1, "POST": 1}
