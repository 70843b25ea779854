"""The metric families of the websocket service; no user id in any label."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    generate_latest,
)
from quart import Quart, Response

from devstack.emulators.websocket.connections import Connections


class Metrics:
    def __init__(self, connections: Connections) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._connected = Counter(
            "websocket_connections", "Sockets", ("status",), registry=self._registry
        )
        self._checked = Counter("jwt_validation", "Tokens", ("result",), registry=self._registry)
        active = Gauge("websocket_active_connections", "Open sockets", registry=self._registry)
        active.set_function(connections.count)

    def connected(self, status: str) -> None:
        self._connected.labels(status).inc()

    def checked(self, *, good: bool) -> None:
        self._checked.labels("success" if good else "failure").inc()

    def add_route(self, app: Quart) -> None:
        @app.get("/metrics")
        async def metrics() -> Response:
            return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)
