"""The emulator of the batch orchestrator as one Quart app."""

from quart import Quart

from devstack.emulators.bos import preflight, retry, states
from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.health import add_health, add_metrics, database_state
from devstack.emulators.server import EmulatorSettings, add_state, with_controls


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    # Of the other services only Entitlements is called, by the preflight.
    switches = EmulatorSwitches({"entitlements": ("up", "down")})
    database = add_state(app, settings.database, switches)
    for routes in (states.routes, preflight.routes, retry.routes):
        app.register_blueprint(routes)

    async def dependencies() -> dict[str, dict[str, str]]:
        return {"database": await database_state(database)}

    add_health(app, "batch-service", "Batch Orchestrator Service", dependencies)
    add_metrics(app, "bos")
    return with_controls(app, switches)
