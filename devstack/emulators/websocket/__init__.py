"""The websocket service as it will be once fixed: user channels of Redis to that user's browsers."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from quart import Blueprint, Quart, Response, has_websocket_context, jsonify
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing.exceptions import WebsocketMismatch

from devstack.emulators.server import with_controls
from devstack.emulators.websocket.sockets import (
    INTERNAL_ERROR,
    ChannelSubscription,
    SocketMetrics,
    SocketRegistry,
    WebsocketSettings,
    create_routes,
)

__all__ = ["WebsocketSettings", "create_app"]

_START_SECONDS = 3.0
_CONNECT_SECONDS = 2.0


def create_app(settings: WebsocketSettings, redis: Redis | None = None) -> Quart:
    """`redis` replaces the one of the settings."""
    app = Quart(__name__)
    sockets = SocketRegistry(settings.max_connections_per_user)
    store = redis or Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=_CONNECT_SECONDS,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )
    channels = ChannelSubscription(
        store, settings.channels, sockets.deliver, lambda: sockets.close_all(INTERNAL_ERROR)
    )
    metrics = SocketMetrics(sockets)
    app.register_blueprint(create_routes(settings, sockets, channels, metrics))
    app.register_blueprint(_system_routes(store, sockets, metrics))
    app.register_error_handler(HTTPException, _refuse)

    @app.while_serving
    async def listen() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(channels.run())
            # An open socket must not miss a message; without Redis there is none to miss.
            await channels.wait_until_listening(_START_SECONDS)
            yield
            sockets.close_all(INTERNAL_ERROR)
            task.cancel()
        await store.aclose()

    return with_controls(app)


def _system_routes(redis: Redis, sockets: SocketRegistry, metrics: SocketMetrics) -> Blueprint:
    """Health in the service's shapes (`/healthz` checks no dependency) and metrics."""
    routes = Blueprint("system", __name__)
    began = time.monotonic()
    healthy = {"service": "websocket_service", "status": "healthy"}

    @routes.get("/healthz")
    async def healthz() -> Response:
        return jsonify(
            {
                **healthy,
                "message": "WebSocket Service is healthy",
                "environment": "development",
                "timestamp": datetime.now(UTC).isoformat(),
                "uptime_seconds": int(time.monotonic() - began),
            }
        )

    @routes.get("/healthz/redis")
    async def healthz_redis() -> tuple[Response, int]:
        try:
            available = bool(await redis.ping())
        except (RedisError, OSError):
            available = False
        status = {"dependency": "redis", "status": "healthy" if available else "unhealthy"}
        return jsonify({**healthy, **status}), 200 if available else 503

    @routes.get("/healthz/websocket")
    async def healthz_websocket() -> Response:
        return jsonify({**healthy, "active_connections": sockets.count()})

    @routes.get("/metrics")
    async def show_metrics() -> Response:
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)

    return routes


async def _refuse(error: HTTPException) -> Response:
    """Any other address: 403 for a socket, the framework's JSON for a plain request."""
    if has_websocket_context():
        return Response("", 403, content_type="text/plain; charset=utf-8")
    shown = NotFound() if isinstance(error, WebsocketMismatch) else error
    answer = jsonify({"detail": shown.name})
    answer.status_code = shown.code or 500
    return answer
