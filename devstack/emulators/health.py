"""`/healthz` and `/metrics` in the platform's shapes."""

from collections.abc import Awaitable, Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from quart import Quart, Response, jsonify, request

from devstack.emulators.database import SeededDatabase

VERSION = "1.0.0"
HEALTHY = {"status": "healthy"}

DependencyStates = Callable[[], Awaitable[dict[str, dict[str, str]]]]


async def database_state(database: SeededDatabase) -> dict[str, str]:
    return HEALTHY if await database.is_available() else {"status": "unhealthy"}


def add_health(app: Quart, service: str, title: str, dependencies: DependencyStates) -> None:
    """Add `/healthz`: 503 as soon as one dependency is not healthy."""

    @app.get("/healthz")
    async def healthz() -> tuple[Response, int]:
        states = await dependencies()
        available = all(state["status"] == "healthy" for state in states.values())
        status = "healthy" if available else "unhealthy"
        body = {
            "service": service,
            "status": status,
            "message": f"{title} is {status}",
            "version": VERSION,
            "checks": {"service_responsive": True, "dependencies_available": available},
            "dependencies": states,
            "environment": "development",
        }
        return jsonify(body), 200 if available else 503


def add_metrics(app: Quart, prefix: str) -> None:
    registry = CollectorRegistry()
    for collector in (GCCollector, PlatformCollector, ProcessCollector):
        collector(registry=registry)
    counter = Counter(
        f"{prefix}_http_requests", "Requests", ("method", "endpoint", "status"), registry=registry
    )

    @app.after_request
    async def count(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "unmatched"
        counter.labels(request.method, rule, str(response.status_code)).inc()
        return response

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
