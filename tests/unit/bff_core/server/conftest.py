"""A small service with every kind of route that ours have."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from dishka import FromDishka, Provider, Scope, make_async_container
from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Quart
from quart.typing import TestClientProtocol as Client

from bff_core.app import Blueprints, build_app
from bff_core.composition import Fetched, PartV1, describe
from bff_core.context import ADMIN, TEACHER, RequestContext
from bff_core.inputs import QueryInt
from bff_core.observability import Metrics
from bff_core.resources import Resources
from bff_core.server import (
    PUBLIC,
    ContextProvider,
    access,
    inject,
    operation_id,
    returns,
    takes_body,
    takes_query,
)
from bff_core.settings import ServiceSettings
from bff_core.testing import SECRET, FakeClock, a_client_runtime, access_token, bearer

RULES = {"teacher": frozenset({TEACHER, ADMIN}), "admin": frozenset({ADMIN})}


class Kind(StrEnum):
    BIG = "big"
    SMALL = "small"


class ThingsQuery(BaseModel):
    limit: QueryInt = Field(20, ge=1, le=100)
    offset: QueryInt = Field(0, ge=0)
    kind: Kind | None = None


class RowV1(BaseModel):
    thing_id: UUID
    count: int = Field(0, ge=0, examples=[1])


class TextV1(BaseModel):
    tag: Literal["text"]
    text: str


class NumberV1(BaseModel):
    tag: Literal["number"]
    number: float


class ThingsRequestV1(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=10)
    rows: list[RowV1] = []
    content: Annotated[TextV1 | NumberV1, Field(discriminator="tag")] | None = None


class ThingsV1(BaseModel):
    user_id: str = Field(examples=["teacher-1"])
    limit: int
    rows: list[RowV1] = []
    parts: list[PartV1] = []


@dataclass
class Things:
    """What the screen does next: fail, or answer with parts; and what it was told."""

    error: Exception | None = None
    parts: list[PartV1] = field(default_factory=lambda: [describe("names", Fetched(1))])
    ctx: RequestContext | None = None
    done: Callable[[], Awaitable[None]] | None = None

    async def show(self, ctx: RequestContext, limit: int) -> ThingsV1:
        self.ctx = ctx
        if self.done is not None:
            await self.done()
        if self.error is not None:
            raise self.error
        return ThingsV1(user_id=ctx.user_id, limit=limit, parts=self.parts)


def routes() -> Blueprint:
    blueprint = Blueprint("things", __name__)

    @blueprint.get("/v1/things")
    @operation_id("getThings")
    @access("teacher")
    @takes_query(ThingsQuery)
    @returns(ThingsV1)
    @inject
    async def listing(
        query_args: ThingsQuery, things: FromDishka[Things], ctx: FromDishka[RequestContext]
    ) -> ThingsV1:
        """The things there are."""
        return await things.show(ctx, query_args.limit)

    @blueprint.post("/v1/things")
    @operation_id("makeThings")
    @access("teacher")
    @takes_body(ThingsRequestV1)
    @returns(ThingsV1, 201)
    @inject
    async def make(
        data: ThingsRequestV1, things: FromDishka[Things], ctx: FromDishka[RequestContext]
    ) -> ThingsV1:
        """Make things."""
        return await things.show(ctx, len(data.rows))

    @blueprint.get("/v1/things/<thing_id>")
    @operation_id("getThing")
    @access("admin")
    @returns(ThingsV1)
    @inject
    async def one(
        thing_id: str, things: FromDishka[Things], ctx: FromDishka[RequestContext]
    ) -> ThingsV1:
        """One thing."""
        return await things.show(ctx, len(thing_id))

    _add_open_route(blueprint)
    return blueprint


def _add_open_route(blueprint: Blueprint) -> None:
    @blueprint.get("/v1/open")
    @operation_id("getFree")
    @access(PUBLIC)
    @returns(RowV1)
    async def free() -> RowV1:
        """Anybody may ask."""
        return RowV1(thing_id=UUID(int=1), count=1)


@dataclass(frozen=True)
class Redis:
    """A dependency that answers its ping, refuses, or is lost in thought."""

    name: str = "redis"
    answer: Callable[[], Awaitable[bool]] | None = None

    async def ping(self) -> bool:
        return True if self.answer is None else await self.answer()


MakeApp = Callable[..., Quart]


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("example")


@pytest.fixture(params=["true", "false"], ids=["fast path", "Quart alone"])
def fast_path(request: pytest.FixtureRequest) -> str:
    """The setting: every test of the server runs with it on and off."""
    value: str = request.param
    return value


@pytest.fixture
def make_app(things: Things, metrics: Metrics, fast_path: str) -> MakeApp:
    def made(*more: Blueprint, dependencies: tuple[Redis, ...] = (), **environ: str) -> Quart:
        defaults = {"PORT": "4999", "JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "testing"}
        environ = defaults | {"FAST_PATH": fast_path} | environ
        provider = Provider(scope=Scope.APP)
        provider.provide(lambda: things, provides=Things)
        return build_app(
            ServiceSettings.load(environ),
            make_async_container(provider, ContextProvider()),
            service="example_service",
            title="Example",
            metrics=metrics,
            blueprints=[Blueprints(routes(), ("", "/bff")), *map(Blueprints, more)],
            access=RULES,
            resources=Resources(a_client_runtime(metrics), dependencies or (Redis(),)),
            clock=FakeClock(),
        )

    return made


@pytest.fixture
def app(make_app: MakeApp) -> Quart:
    return make_app()


@pytest.fixture
async def client(app: Quart) -> AsyncIterator[Client]:
    async with app.test_app() as running:
        yield running.test_client()


@pytest.fixture
def as_teacher() -> dict[str, str]:
    return {"Authorization": bearer(access_token())}


@pytest.fixture
def as_admin() -> dict[str, str]:
    return {"Authorization": bearer(access_token("admin-1", roles=["admin"]))}
