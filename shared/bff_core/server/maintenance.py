"""What an operator switches off is refused here, before any route does it."""

from dishka import AsyncContainer
from quart import Quart, request

from bff_core.errors import Unavailable
from bff_core.protocols import Maintenance, Switches
from bff_core.server.short_way import spares_reads

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ASK_AGAIN = 30.0
"""Seconds; nobody knows how long maintenance lasts."""


def enforce_maintenance(app: Quart, container: AsyncContainer) -> None:
    """Follow `Switches` while the app serves, and answer writes 503 while it is read-only.

    Stands after the guard, so that a caller without access learns nothing of maintenance.
    """

    @app.before_serving
    async def follow() -> None:
        await container.get(Switches)

    @app.before_request
    @spares_reads
    async def refuse_writes() -> None:
        if request.method in SAFE or request.url_rule is None:
            return
        maintenance = (await container.get(Switches)).maintenance
        if maintenance.read_only:
            raise _closed(maintenance)


def _closed(maintenance: Maintenance) -> Unavailable:
    texts = {language: text for language, text in maintenance.banner.items() if text}
    language = request.accept_languages.best_match(list(texts)) or next(iter(texts), None)
    return Unavailable(
        texts.get(language or ""),
        details={"reason": "maintenance", "banner": texts},
        retry_after=ASK_AGAIN,
        headers={"Content-Language": language} if language else {},
    )
