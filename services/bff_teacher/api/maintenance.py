"""Refuses writes while operators keep the platform read-only."""

from dishka import AsyncContainer
from quart import Quart, request

from bff_core.errors import Unavailable
from bff_core.server import for_unsafe_methods
from services.bff_teacher.ports.maintenance import Switches

RETRY_AFTER = 30.0
"""Seconds; how long maintenance lasts is not known."""


def enforce_maintenance(app: Quart, container: AsyncContainer) -> None:
    """Follow `Switches` while the app serves, and answer writes 503 while it is read-only.

    Runs after the guard, so that a caller without access learns nothing of maintenance.
    """

    @app.before_serving
    async def follow() -> None:
        await container.get(Switches)

    @app.before_request
    @for_unsafe_methods
    async def refuse_writes() -> None:
        maintenance = (await container.get(Switches)).maintenance
        if not maintenance.read_only:
            return
        texts = maintenance.texts
        language = request.accept_languages.best_match(list(texts)) or next(iter(texts), None)
        raise Unavailable(
            texts.get(language or ""),
            details={"reason": "maintenance", "banner": texts},
            retry_after=RETRY_AFTER,
            headers={"Content-Language": language} if language else {},
        )
