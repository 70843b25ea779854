"""The emulator of class management as one Quart app."""

import asyncio
import json
from collections.abc import AsyncGenerator

from quart import Quart

from devstack.emulators.cms import associations, classes, internal, monitor, students
from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.health import add_health, add_metrics, database_state
from devstack.emulators.server import EmulatorSettings, add_state, with_controls


def create_app(settings: EmulatorSettings) -> Quart:
    app = Quart(__name__)
    choices = {"class_info": ("shipped", "fixed"), "validation_status": ("off", "on")}
    switches = EmulatorSwitches(
        choices,
        class_info=settings.class_info,
        validation_status="on" if settings.validation_status else "off",
    )
    database = add_state(app, settings.database, switches)
    # The pupils' routes lie below the classes' and come first, or "students" would be a class id.
    app.register_blueprint(students.routes)
    app.register_blueprint(classes.create_routes(settings.roster_seconds))
    app.register_blueprint(associations.routes)
    app.register_blueprint(internal.create_routes(settings.internal_api_key))

    @app.while_serving
    async def confirm_overdue() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(monitor.run(database))
            yield
            task.cancel()

    async def dependencies() -> dict[str, dict[str, str]]:
        return {"database": await database_state(database)}

    async def outbox() -> object:
        rows = await database.fetch_all("SELECT * FROM cms_outbox ORDER BY sequence")
        return {"events": [{**row, "payload": json.loads(row["payload"])} for row in rows]}

    add_health(app, "class_management_service", "Class Management Service", dependencies)
    add_metrics(app, "cms")
    return with_controls(app, switches, {"outbox": outbox})
