"""The emulator of the content service, as one Quart app."""

from uuid import uuid4

from quart import Quart, Response, jsonify

from devstack.emulators.content.routes import ContentRoutes
from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.health import VERSION, add_metrics
from devstack.emulators.serving import assemble
from devstack.emulators.settings import EmulatorSettings


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    app.register_blueprint(ContentRoutes(Database(settings.database)).blueprint())
    app.add_url_rule("/healthz", "healthz", _healthz)
    add_metrics(app, "content")
    return assemble(app, Switches({}))


async def _healthz() -> Response:
    """Always well: the real one does not touch its database either."""
    return jsonify(
        {
            "service": "content_service",
            "status": "healthy",
            "message": "Content Service is healthy",
            "version": VERSION,
            "checks": {"service_responsive": True, "database_backed_storage": True},
            "environment": "development",
            "correlation_id": str(uuid4()),
        }
    )
