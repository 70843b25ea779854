"""Published keys, health, metrics, and the devstack's mailbox."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from quart import Blueprint, Response, jsonify
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from devstack.emulators.identity.accounts import RESET_REQUESTED, VERIFICATION_REQUESTED
from devstack.emulators.identity.service import SERVICE, identity
from devstack.emulators.identity.tables import event_outbox

_TEMPLATES = {VERIFICATION_REQUESTED: "verification", RESET_REQUESTED: "password_reset"}
_NEWEST = 100

routes = Blueprint("system", __name__)


@routes.get("/.well-known/jwks.json")
async def published_keys() -> Response:
    return jsonify({"keys": identity().issuer.published_keys()})


@routes.get("/healthz")
async def health() -> tuple[Response, int]:
    database = {"status": "healthy"}
    try:
        async with asyncio.timeout(1), identity().engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        database = {"status": "unhealthy", "error": type(error).__name__}
    status = database["status"]
    is_healthy = status == "healthy"
    body = {
        "service": SERVICE,
        "status": status,
        "environment": identity().settings.environment,
        "message": f"Identity Service is {status}",
        "checks": {"service_responsive": True, "dependencies_available": is_healthy},
        "dependencies": {"database": database},
    }
    return jsonify(body), 200 if is_healthy else 503


@routes.get("/metrics")
async def metrics() -> Response:
    """The process's own collectors: the service has none."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@routes.get("/_devstack/mail")
async def mail() -> Response:
    """The newest mails first; only an invitation's reset mail holds an id that a reset accepts."""
    columns = event_outbox.c
    query = select(columns.topic, columns.event_data).where(columns.topic.in_(_TEMPLATES))
    newest = query.order_by(columns.created_at.desc()).limit(_NEWEST)
    async with identity().engine.connect() as connection:
        rows = (await connection.execute(newest)).all()
    letters = [
        {
            "to": event["data"]["email"],
            "template": _TEMPLATES[topic],
            "token": event["data"].get("verification_token") or event["data"].get("token_id"),
        }
        for topic, event in rows
    ]
    return jsonify({"mail": letters})
