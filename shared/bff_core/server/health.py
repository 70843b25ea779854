"""How the service is: for the platform's checks, for load balancers, for Prometheus."""

from asyncio import timeout
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from quart import Blueprint, Response
from quart_schema import hide

from bff_core.composition import fan_out
from bff_core.errors import Unavailable
from bff_core.observability import Metrics
from bff_core.protocols import HealthChecked
from bff_core.server.guard import PUBLIC, access
from bff_core.server.openapi.declarations import error_responses
from bff_core.server.routes.responses import returns

PING_TIMEOUT = 0.5
"""Load balancers and orchestrators commonly give `/ready` one second in all."""


@dataclass(slots=True)
class Lifecycle:
    """Whether this process should be sent requests."""

    state: Literal["starting", "ready", "draining"] = "starting"
    when_draining: list[Callable[[], None]] = field(default_factory=list)
    """Told once, when no new requests are wanted; what would stay open must end now."""

    def start(self) -> None:
        self.state = "ready"

    def drain(self) -> None:
        """No new requests, please; those in flight will end."""
        if self.state == "draining":
            return
        self.state = "draining"
        for tell in self.when_draining:
            tell()


class HealthV1(BaseModel):
    """The platform's shape: this process answers. What it depends on is in `/ready`."""

    service: str = Field(examples=["bff_teacher_service"])
    status: Literal["healthy", "unhealthy"] = Field(examples=["healthy"])
    message: str = Field(examples=["bff_teacher_service answers"])
    version: str = Field(examples=["0.1.0"])
    checks: dict[str, bool] = Field(examples=[{"service_responsive": True}])
    dependencies: dict[str, object] = Field(examples=[{}])
    environment: str = Field(examples=["development"])


class DependencyV1(BaseModel):
    """One thing this service leans on: `reachable` where it was asked, else its `breaker`."""

    name: str = Field(examples=["redis"])
    reachable: bool | None = Field(None, examples=[True])
    breaker: Literal["closed", "open", "half_open"] | None = Field(None, examples=[None])


class ReadyV1(BaseModel):
    """Whether to send requests here. A dependency that is away does not make the answer 503."""

    status: Literal["ready"] = Field(examples=["ready"])
    dependencies: list[DependencyV1]


class Dependencies(Protocol):
    """What a service depends on: what can be pinged, and breakers by the service behind them."""

    @property
    def dependencies(self) -> Sequence[HealthChecked]: ...

    def breakers(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Health:
    service: str
    version: str
    environment: str
    lifecycle: Lifecycle
    metrics: Metrics
    leans_on: Dependencies | None = None
    checks: Mapping[str, bool] = field(default_factory=dict)

    def report(self) -> HealthV1:
        return HealthV1(
            service=self.service,
            status="healthy",
            message=f"{self.service} answers",
            version=self.version,
            checks={"service_responsive": True, "dependencies_available": True, **self.checks},
            dependencies={},
            environment=self.environment,
        )

    async def readiness(self) -> ReadyV1:
        if self.lifecycle.state != "ready":
            raise Unavailable(details={"state": self.lifecycle.state}, retry_after=1)
        if self.leans_on is None:
            return ReadyV1(status="ready", dependencies=[])
        pings = self.leans_on.dependencies
        async with fan_out() as group:
            asked = [group.create_task(_reachable(one)) for one in pings]
        pinged = [
            DependencyV1(name=one.name, reachable=task.result())
            for one, task in zip(pings, asked, strict=True)
        ]
        return ReadyV1(status="ready", dependencies=pinged + _guarded(self.leans_on))


def _guarded(leaning: Dependencies) -> list[DependencyV1]:
    """Services behind a breaker: it knows how they are, so they are not asked."""
    states = sorted(leaning.breakers().items())
    return [DependencyV1.model_validate({"name": name, "breaker": state}) for name, state in states]


async def _reachable(dependency: HealthChecked) -> bool:
    try:
        async with timeout(PING_TIMEOUT):
            return await dependency.ping()
    except OSError:  # A timeout is one of them.
        return False


def health_routes(health: Health) -> Blueprint:
    """`/healthz`, `/ready` and `/metrics`, open to all who reach the port."""
    blueprint = Blueprint("health", __name__)
    lifecycle = health.lifecycle
    health.metrics.ready.set_function(lambda: float(lifecycle.state == "ready"))

    @blueprint.get("/healthz")
    @access(PUBLIC)
    @returns(HealthV1)
    async def healthz() -> HealthV1:
        """Whether this process answers."""
        return health.report()

    @blueprint.get("/ready")
    @access(PUBLIC)
    @error_responses(Unavailable)
    @returns(ReadyV1)
    async def ready() -> ReadyV1:
        """Whether to send requests here, and how its dependencies are."""
        return await health.readiness()

    @blueprint.get("/metrics")
    @hide
    @access(PUBLIC)
    async def metrics() -> Response:
        """Prometheus metrics in the text format."""
        return Response(health.metrics.render(), content_type=CONTENT_TYPE_LATEST)

    return blueprint
