"""The emulator of class management, as one Quart app."""

import json
import sqlite3

from quart import Quart

from devstack.emulators.cms.associations import AssociationRoutes
from devstack.emulators.cms.classes import ClassRoutes
from devstack.emulators.cms.internal import InternalRoutes
from devstack.emulators.cms.students import StudentRoutes
from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.health import HEALTHY, UNHEALTHY, add_health, add_metrics
from devstack.emulators.serving import assemble
from devstack.emulators.settings import EmulatorSettings

_SWITCHES = {"class_info": ("fixed", "shipped")}


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    database = Database(settings.database)
    switches = Switches(_SWITCHES, class_info=settings.class_info)
    # Pupils' routes lie below the classes' and come first, or "students" would be a class id.
    app.register_blueprint(StudentRoutes(database).blueprint())
    app.register_blueprint(ClassRoutes(database).blueprint())
    app.register_blueprint(AssociationRoutes(database).blueprint())
    app.register_blueprint(InternalRoutes(settings, database, switches).blueprint())
    _add_health(app, database)
    add_metrics(app, "cms")

    async def outbox() -> object:
        return {"events": await database.run(_outbox)}

    return assemble(app, switches, {"outbox": outbox})


def _outbox(connection: sqlite3.Connection) -> list[dict[str, object]]:
    rows = connection.execute("SELECT * FROM cms_outbox ORDER BY sequence")
    return [
        {
            "sequence": row["sequence"],
            "batch_id": row["batch_id"],
            "payload": json.loads(row["payload"]),
        }
        for row in rows
    ]


def _add_health(app: Quart, database: Database) -> None:
    async def dependencies() -> dict[str, dict[str, str]]:
        return {"database": HEALTHY if await database.answers() else UNHEALTHY}

    add_health(app, "class_management_service", "Class Management Service", dependencies)
