"""The emulator of the results aggregator, as one Quart app."""

from quart import Quart

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.health import HEALTHY, UNHEALTHY, add_health, add_metrics
from devstack.emulators.ras.cache import AnswerCache, open_cache
from devstack.emulators.ras.routes import ResultRoutes
from devstack.emulators.ras.settings import RasSettings
from devstack.emulators.serving import assemble

_SWITCHES = {"bos": ("up", "down"), "essay_endpoint": ("off", "on")}


def create_app(settings: RasSettings, cache: AnswerCache | None = None) -> Quart:
    """`cache` replaces the one that the settings name."""
    app = Quart(__name__)
    database = Database(settings.database)
    answers = cache or open_cache(
        settings.redis_url, settings.cache_ttl_seconds, enabled=settings.cache_enabled
    )
    switches = Switches(
        _SWITCHES, bos=settings.bos, essay_endpoint="on" if settings.essay_endpoint else "off"
    )
    app.register_blueprint(ResultRoutes(settings, database, answers, switches).blueprint())
    _add_health(app, database)
    add_metrics(app, "ras")

    @app.after_serving
    async def close() -> None:
        await answers.close()

    return assemble(app, switches)


def _add_health(app: Quart, database: Database) -> None:
    async def dependencies() -> dict[str, dict[str, str]]:
        # Redis and Kafka are said to be well whatever they are: only the database is asked.
        return {
            "database": HEALTHY if await database.answers() else UNHEALTHY,
            "redis": HEALTHY,
            "kafka": {
                "status": "healthy",
                "note": "Kafka availability checked during message consumption",
            },
        }

    add_health(app, "result_aggregator_service", "Result Aggregator Service", dependencies)
