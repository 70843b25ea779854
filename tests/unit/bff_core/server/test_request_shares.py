"""Of the requests that are answered at a time, each caller has a share."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.observability import Metrics
from bff_core.server import (
    ErrorHandlers,
    Lifecycle,
    LifecycleMiddleware,
    Message,
    RequestMiddleware,
)
from bff_core.server.asgi import ConcurrencyLimiter
from bff_core.testing import FakeClock, access_token, bearer
from tests.unit.bff_core.server.conftest import MakeApp, Things


@pytest.fixture
async def shared(make_app: MakeApp) -> AsyncIterator[Client]:
    """A service that answers eight at a time, two of one user."""
    async with make_app(MAX_IN_FLIGHT="8", MAX_IN_FLIGHT_PER_USER="2").test_app() as running:
        yield running.test_client()


@pytest.fixture
def leave(things: Things) -> asyncio.Event:
    """No request is answered before it is set."""
    event = asyncio.Event()

    async def wait() -> None:
        await event.wait()

    things.done = wait
    return event


def as_user(user: str) -> dict[str, str]:
    return {"Authorization": bearer(access_token(user))}


async def crowd(client: Client, headers: dict[str, str], size: int) -> list[asyncio.Task[Any]]:
    asking = [asyncio.create_task(client.get("/v1/things", headers=headers)) for _ in range(size)]
    for _ in range(40):
        await asyncio.sleep(0)
    return asking


async def statuses(tasks: list[asyncio.Task[Any]]) -> Counter[int]:
    return Counter([(await task).status_code for task in tasks])


async def test_one_user_gets_429_and_all_others_their_answer(
    shared: Client, leave: asyncio.Event, metrics: Metrics
) -> None:
    greedy = await crowd(shared, as_user("greedy"), 2)
    refused = [await shared.get("/v1/things", headers=as_user("greedy")) for _ in range(38)]
    others = [await crowd(shared, as_user(f"teacher-{number}"), 2) for number in range(3)]

    leave.set()

    assert await statuses(greedy) == {200: 2}
    assert {one.status_code for one in refused} == {429}
    assert [await statuses(other) for other in others] == [{200: 2}] * 3
    counted = metrics.registry.get_sample_value
    assert counted("example_http_requests_over_share_total") == 38
    assert counted("example_http_requests_shed_total") == 0


async def test_refusal_is_the_envelope_with_retry_after(
    shared: Client, leave: asyncio.Event
) -> None:
    inside = await crowd(shared, as_user("greedy"), 2)

    answer = await shared.get("/v1/things", headers=as_user("greedy"))
    leave.set()
    await asyncio.wait(inside)

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["code"]) == (429, "RATE_LIMIT")
    assert answer.headers["Retry-After"] == "1"


async def test_whole_place_full_is_503(shared: Client, leave: asyncio.Event) -> None:
    inside = [await crowd(shared, as_user(f"teacher-{number}"), 2) for number in range(4)]

    answer = await shared.get("/v1/things", headers=as_user("late"))
    leave.set()
    for tasks in inside:
        await asyncio.wait(tasks)

    assert answer.status_code == 503


async def test_share_is_free_again_after_answers_and_failures(
    shared: Client, things: Things
) -> None:
    things.error = RuntimeError("a bug")

    answers = [await shared.get("/v1/things", headers=as_user("anna")) for _ in range(5)]

    assert [one.status_code for one in answers] == [500] * 5


async def never_arrives() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_refused_request_whose_body_still_arrives_holds_no_slot(metrics: Metrics) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    limiter, errors = ConcurrencyLimiter(1, 1, metrics), ErrorHandlers("x", FakeClock())
    app = LifecycleMiddleware(RequestMiddleware(refuse, metrics, limiter, errors), Lifecycle())
    answered: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    def scope() -> dict[str, Any]:
        headers = [(b"content-length", b"1000")]
        return {"type": "http", "path": "/v1", "method": "POST", "http_version": "1.1"} | {
            "headers": headers
        }

    slow = [asyncio.create_task(app(scope(), never_arrives, send)) for _ in range(5)]
    done, _ = await asyncio.wait(slow, timeout=10)

    assert (len(done), answered) == (5, [401] * 5)
