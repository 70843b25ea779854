"""Three health pages in the websocket service's shapes."""

import time
from datetime import UTC, datetime

from quart import Quart, Response, jsonify
from redis.asyncio import Redis
from redis.exceptions import RedisError

from devstack.emulators.websocket.connections import Connections


def add_health(app: Quart, redis: Redis, connections: Connections) -> None:
    """`/healthz` asks nobody; `/healthz/redis` is 503 while Redis is away."""
    began = time.monotonic()

    @app.get("/healthz")
    async def healthz() -> Response:
        return jsonify(
            {
                "service": "websocket_service",
                "status": "healthy",
                "message": "WebSocket Service is healthy",
                "environment": "development",
                "timestamp": datetime.now(UTC).isoformat(),
                "uptime_seconds": int(time.monotonic() - began),
            }
        )

    @app.get("/healthz/redis")
    async def healthz_redis() -> tuple[Response, int]:
        word = "healthy" if await _answers(redis) else "unhealthy"
        body = {"service": "websocket_service", "dependency": "redis", "status": word}
        return jsonify(body), 200 if word == "healthy" else 503

    @app.get("/healthz/websocket")
    async def healthz_websocket() -> Response:
        return jsonify(
            {
                "service": "websocket_service",
                "status": "healthy",
                "active_connections": connections.count(),
            }
        )


async def _answers(redis: Redis) -> bool:
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
