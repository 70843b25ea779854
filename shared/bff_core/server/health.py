"""Health, readiness and metrics routes."""

from asyncio import timeout
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from quart import Blueprint, Response
from quart_schema import hide

from bff_core.composition import fan_out
from bff_core.errors import Unavailable
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, HealthChecked
from bff_core.server.guard import PUBLIC, access
from bff_core.server.lifecycle import Lifecycle
from bff_core.server.openapi.declarations import error_responses, operation_id
from bff_core.server.routes import returns

PING_TIMEOUT_SECONDS = 0.5
"""Load balancers and orchestrators commonly give `/ready` one second in all."""


log = structlog.get_logger()


class HealthV1(BaseModel):
    """The platform's shape: this process answers. What it depends on is in `/ready`.

    `dependencies` has reports of what it does in the background, if anything.
    """

    service: str = Field(examples=["bff_teacher"])
    status: Literal["healthy", "unhealthy"] = Field(examples=["healthy"])
    message: str = Field(examples=["bff_teacher answers"])
    version: str = Field(examples=["0.1.0"])
    checks: dict[str, bool] = Field(examples=[{"service_responsive": True}])
    dependencies: dict[str, object] = Field(examples=[{}])
    environment: str = Field(examples=["development"])


class DependencyV1(BaseModel):
    """One dependency: `reachable` where it was pinged, else the state of its `breaker`."""

    name: str = Field(examples=["redis"])
    reachable: bool | None = Field(None, examples=[True])
    operation: str | None = Field(
        None,
        description="The operation whose breaker it is; null for the whole service.",
        examples=[None],
    )
    breaker: Literal["closed", "open", "half_open"] | None = Field(None, examples=[None])


class ReadyV1(BaseModel):
    """Readiness for requests. An unavailable dependency does not make the answer 503."""

    status: Literal["ready"] = Field(examples=["ready"])
    dependencies: list[DependencyV1]


class Dependencies(Protocol):
    """Dependencies of a service: stores that can be pinged, and the breakers of calls.

    The app closes it when it shuts down.
    """

    @property
    def dependencies(self) -> Sequence[HealthChecked]: ...

    def breakers(self) -> Sequence[BreakerStatus]: ...

    def reports(self) -> Mapping[str, Mapping[str, object]]:
        """The state of work in the background, as JSON by its name; neither waits nor fails."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Health:
    service: str
    version: str
    environment: str
    lifecycle: Lifecycle
    metrics: Metrics
    dependencies: Dependencies | None = None
    checks: Mapping[str, bool] = field(default_factory=dict)

    async def readiness(self) -> ReadyV1:
        if self.lifecycle.state != "ready":
            raise Unavailable(details={"state": self.lifecycle.state}, retry_after=1)
        if self.dependencies is None:
            return ReadyV1(status="ready", dependencies=[])
        async with fan_out() as group:
            pings = [group.create_task(_ping(one)) for one in self.dependencies.dependencies]
        # Services behind a breaker are not pinged: the breaker knows their health.
        states = [
            DependencyV1.model_validate(
                {"name": one.service, "operation": one.operation, "breaker": one.state}
            )
            for one in self.dependencies.breakers()
        ]
        return ReadyV1(status="ready", dependencies=[*(one.result() for one in pings), *states])


async def _ping(dependency: HealthChecked) -> DependencyV1:
    reachable = False
    try:
        async with timeout(PING_TIMEOUT_SECONDS):
            reachable = await dependency.ping()
    except OSError:  # A timeout is one of them.
        pass
    except Exception as error:  # noqa: BLE001 - a driver's surprise is not this service's failure
        log.warning("health_check_failed", dependency=dependency.name, error=type(error).__name__)
    return DependencyV1(name=dependency.name, reachable=reachable)


def health_routes(health: Health) -> Blueprint:
    """`/healthz`, `/ready` and `/metrics`, open to all who reach the port."""
    blueprint = Blueprint("health", __name__)
    lifecycle = health.lifecycle
    health.metrics.ready.set_function(lambda: float(lifecycle.state == "ready"))

    @blueprint.get("/healthz")
    @operation_id("getHealth")
    @access(PUBLIC)
    @returns(HealthV1)
    async def healthz() -> HealthV1:
        """Liveness of this process."""
        dependencies = health.dependencies
        return HealthV1(
            service=health.service,
            status="healthy",
            message=f"{health.service} answers",
            version=health.version,
            checks={"service_responsive": True, "dependencies_available": True, **health.checks},
            dependencies=dict(dependencies.reports()) if dependencies else {},
            environment=health.environment,
        )

    @blueprint.get("/ready")
    @operation_id("getReadiness")
    @access(PUBLIC)
    @error_responses(Unavailable)
    @returns(ReadyV1)
    async def ready() -> ReadyV1:
        """Readiness for requests, and the health of dependencies."""
        return await health.readiness()

    @blueprint.get("/metrics")
    @hide
    @access(PUBLIC)
    async def metrics() -> Response:
        """Prometheus metrics in the text format."""
        return Response(health.metrics.render(), content_type=CONTENT_TYPE_LATEST)

    return blueprint
