"""For any ASGI server: `services.bff_teacher.asgi:app`."""

from services.bff_teacher.app import from_environment

app, _ = from_environment()
