"""The emulator of the platform's gateway as one Quart app."""

from quart import Quart, Response, jsonify

from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.health import add_metrics
from devstack.emulators.platform_gateway import pipelines, registration
from devstack.emulators.platform_gateway.access import SETTINGS, GatewaySettings
from devstack.emulators.server import add_state, with_controls


def create_app(settings: GatewaySettings) -> Quart:
    app = Quart(__name__)
    choices = EmulatorSwitches({"bos": ("up", "down"), "kafka": ("up", "down")})
    add_state(app, settings.database, choices)
    app.extensions[SETTINGS] = settings
    for routes in (registration.routes, pipelines.routes):
        app.register_blueprint(routes)
    add_metrics(app, "api_gateway")

    @app.get("/healthz")
    async def healthz() -> Response:
        return jsonify({"service": "api_gateway_service", "status": "healthy"})

    return with_controls(app, choices)
