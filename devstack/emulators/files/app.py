"""The emulator of the file service, as one Quart app."""

from quart import Quart

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.files.routes import FileRoutes
from devstack.emulators.health import add_health, add_metrics
from devstack.emulators.serving import assemble
from devstack.emulators.settings import EmulatorSettings


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    switches = Switches({"bos": ("up", "down")})
    app.register_blueprint(FileRoutes(Database(settings.database), switches).blueprint())
    add_health(app, "file-service", "File Service", _dependencies)
    add_metrics(app, "file_service")
    return assemble(app, switches)


async def _dependencies() -> dict[str, dict[str, str]]:
    # The file service asks nobody how it is.
    note = "Storage availability checked during file operations"
    return {"storage": {"status": "healthy", "note": note}}
