"""Class management: classes, pupils and matches as CMS answers, without any ownership check."""

import asyncio
import json
from collections.abc import AsyncGenerator

from quart import Quart

from devstack.emulators.cms import associations, classes, internal
from devstack.emulators.database import SeededDatabase
from devstack.emulators.server import EmulatorSettings, add_health, new_app, with_controls


def create_app(settings: EmulatorSettings) -> Quart:
    choices = {"class_info": ("shipped", "fixed"), "validation_status": ("off", "on")}
    positions = {
        "class_info": settings.class_info,
        "validation_status": "on" if settings.validation_status else "off",
    }
    app = new_app("cms", settings.database, choices, **positions)
    app.extensions["settings"] = settings
    database: SeededDatabase = app.extensions["database"]
    # The pupils' routes lie below the classes' and come first, or "students" would be a class id.
    app.register_blueprint(classes.student_routes)
    app.register_blueprint(classes.routes)
    app.register_blueprint(associations.routes)
    app.register_blueprint(internal.routes)

    @app.while_serving
    async def confirm_overdue() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(associations.run_timer(database))
            yield
            task.cancel()

    async def outbox() -> object:
        rows = await database.fetch_all("SELECT * FROM cms_outbox ORDER BY sequence")
        return {"events": [{**row, "payload": json.loads(row["payload"])} for row in rows]}

    add_health(app, "class_management_service", "Class Management Service")
    return with_controls(app, {"outbox": outbox})
