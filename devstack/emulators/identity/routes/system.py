"""Published keys, health and metrics."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from quart import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from devstack.emulators.identity.outbox import SOURCE
from devstack.emulators.identity.parts import identity

blueprint = Blueprint("system", __name__)


@blueprint.get("/.well-known/jwks.json")
async def published_keys() -> Response:
    return jsonify({"keys": identity().issuer.published_keys()})


@blueprint.get("/healthz")
async def health() -> tuple[Response, int]:
    failure = await _database_failure()
    status = "unhealthy" if failure else "healthy"
    database = {"status": status, "error": failure} if failure else {"status": status}
    body = {
        "service": SOURCE,
        "status": status,
        "environment": identity().settings.environment,
        "message": f"Identity Service is {status}",
        "checks": {"service_responsive": True, "dependencies_available": failure is None},
        "dependencies": {"database": database},
    }
    return jsonify(body), 503 if failure else 200


@blueprint.get("/metrics")
async def metrics() -> Response:
    """The process's own collectors: the service mounts none of its own."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


async def _database_failure() -> str | None:
    try:
        async with asyncio.timeout(1), identity().engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        return type(error).__name__
    return None
