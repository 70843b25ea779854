"""What a route may declare beside its access rule, and what an answer may say in headers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dishka import FromDishka, make_async_container
from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Quart
from quart_dishka import inject
from structlog.testing import capture_logs

from bff_core.app import Blueprints, build_app
from bff_core.composition import WithHeaders
from bff_core.context import TEACHER, RequestContext
from bff_core.observability import CallNote, Metrics, note_call
from bff_core.server import (
    ContextProvider,
    UndeclaredRouteError,
    access,
    budget,
    document_of,
    returns,
    takes_headers,
)
from bff_core.settings import ServiceSettings
from bff_core.testing import SECRET, FakeClock, access_token, bearer

Headers = dict[str, str]
Get = Callable[[Headers], Awaitable[Any]]


class WishV1(BaseModel):
    model_config = ConfigDict(frozen=True)

    wish_key: str | None = Field(None, alias="Wish-Key", max_length=5)


class SeenV1(BaseModel):
    seconds: float
    language: str
    wish: str | None


def routes() -> Blueprint:
    blueprint = Blueprint("wishes", __name__)

    @blueprint.get("/wish")
    @access("teacher")
    @budget("slow")
    @takes_headers(WishV1)
    @returns(SeenV1)
    @inject
    async def wish(headers: WishV1, ctx: FromDishka[RequestContext]) -> WithHeaders[SeenV1]:
        """What was seen of a wish."""
        note_call(CallNote("cms", "late", "ok", started=2.0, took=0.5))
        note_call(CallNote("ras", "early", "timeout", started=1.0, took=1.0))
        seen = SeenV1(
            seconds=ctx.deadline.left(), language=ctx.accept_language, wish=headers.wish_key
        )
        return WithHeaders(seen, {"Content-Language": "sv"})

    return blueprint


def app(**budgets: float) -> Quart:
    environ = {"PORT": "4999", "JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "testing"}
    return build_app(
        ServiceSettings.load(environ),
        make_async_container(ContextProvider()),
        service="example_service",
        title="Example",
        metrics=Metrics("example"),
        blueprints=[Blueprints(routes())],
        access={"teacher": frozenset({TEACHER})},
        budgets=budgets,
        clock=FakeClock(),
    )


@pytest.fixture
def get() -> Get:
    async def asked(headers: Headers) -> Any:
        client = app(slow=6.0).test_client()
        return await client.get(
            "/wish", headers={"Authorization": bearer(access_token())} | headers
        )

    return asked


async def test_route_has_the_budget_that_it_names(get: Get) -> None:
    assert (await (await get({})).get_json())["seconds"] == pytest.approx(5.95)


async def test_caller_may_ask_for_less_than_the_budget(get: Get) -> None:
    answer = await get({"X-Request-Timeout-Ms": "1000"})

    assert (await answer.get_json())["seconds"] == pytest.approx(0.95)


def test_budget_that_nobody_set_stops_the_app() -> None:
    with pytest.raises(UndeclaredRouteError, match="/wish"):
        app()


async def test_language_reaches_the_context_and_headers_the_answer(get: Get) -> None:
    answer = await get({"Accept-Language": "sv-SE", "Wish-Key": "abc"})

    seen = await answer.get_json()
    assert (seen["language"], seen["wish"]) == ("sv-SE", "abc")
    assert answer.headers["Content-Language"] == "sv"


async def test_header_that_does_not_fit_is_named_without_its_value(get: Get) -> None:
    answer = await get({"Wish-Key": "stranger"})

    (flaw,) = (await answer.get_json())["error"]["details"]["errors"]
    assert (answer.status_code, flaw["pointer"]) == (400, "/Wish-Key")
    assert "stranger" not in flaw["message"]


async def test_header_that_is_there_twice_is_refused() -> None:
    token = bearer(access_token())
    headers = [("Authorization", token), ("Wish-Key", "a"), ("Wish-Key", "b")]

    answer = await app(slow=1.0).test_client().get("/wish", headers=headers)

    assert answer.status_code == 400


async def test_taken_headers_are_documented() -> None:
    service = app(slow=1.0)
    async with service.app_context():
        (parameter,) = document_of(service)["paths"]["/wish"]["get"]["parameters"]

    assert (parameter["name"], parameter["in"]) == ("Wish-Key", "header")


async def test_calls_of_a_request_are_one_line_in_the_order_of_their_start(get: Get) -> None:
    with capture_logs() as lines:
        await get({})

    (line,) = [line for line in lines if line["event"] == "request_calls"]
    assert [call["call"] for call in line["calls"]] == ["ras.early", "cms.late"]
    assert [call["took_ms"] for call in line["calls"]] == [1000.0, 500.0]
    assert line["log_level"] == "debug"
