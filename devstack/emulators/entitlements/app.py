"""The emulator of Entitlements as one Quart app."""

from quart import Quart, jsonify
from quart.typing import ResponseReturnValue

from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.entitlements import admin, balances, errors
from devstack.emulators.health import VERSION, add_metrics
from devstack.emulators.server import EmulatorSettings, add_state, with_controls


def create_app(settings: EmulatorSettings) -> Quart:
    """Switches: `admin_routes` are mounted outside production only; `store` down fails every read."""
    app = Quart(__name__)
    switches = EmulatorSwitches(
        {"admin_routes": ("mounted", "absent"), "store": ("up", "down")},
        admin_routes=settings.entitlements_admin,
    )
    database = add_state(app, settings.database, switches)
    app.register_blueprint(balances.routes)
    app.register_blueprint(admin.routes)
    errors.add_handlers(app)

    @app.get("/healthz")
    async def healthz() -> ResponseReturnValue:
        up = switches["store"] == "up" and await database.is_available()
        status = "healthy" if up else "unhealthy"
        running = {"status": "healthy", "message": "Kafka consumer running"}
        body = {
            "service": errors.SERVICE,
            "status": status,
            "message": f"Entitlements Service is {status}",
            "version": VERSION,
            "checks": {
                "database": {"status": status, "message": f"Database connection {status}"},
                "kafka_consumer": running,
                "service_responsive": True,
                "dependencies_available": up,
            },
            "environment": "development",
        }
        return jsonify(body), 200 if up else 503

    add_metrics(app, "entitlements")
    return with_controls(app, switches)
