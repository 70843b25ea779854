"""The emulator of the results aggregator, as one Quart app."""

import asyncio
from collections.abc import AsyncGenerator

from quart import Quart
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devstack.emulators.controls import Switches
from devstack.emulators.database import Database
from devstack.emulators.health import HEALTHY, UNHEALTHY, add_health, add_metrics
from devstack.emulators.ras.cache import AnswerCache, open_cache
from devstack.emulators.ras.routes import ResultRoutes
from devstack.emulators.ras.scenario_orders import ScenarioOrders
from devstack.emulators.ras.scenario_run import ScenarioRun
from devstack.emulators.ras.settings import RasSettings
from devstack.emulators.serving import assemble
from devstack.scenario import Scenario
from devstack.seed import load_dataset

_ATTEMPT_SECONDS = 0.5
_SWITCHES = {"bos": ("up", "down"), "essay_endpoint": ("off", "on")}


def create_app(
    settings: RasSettings, cache: AnswerCache | None = None, redis: Redis | None = None
) -> Quart:
    """`cache` and `redis`, where the scenario tells its steps, replace those of the settings."""
    app = Quart(__name__)
    database = Database(settings.database)
    answers = cache or open_cache(
        settings.redis_url, settings.cache_ttl_seconds, enabled=settings.cache_enabled
    )
    switches = Switches(
        _SWITCHES, bos=settings.bos, essay_endpoint="on" if settings.essay_endpoint else "off"
    )
    app.register_blueprint(ResultRoutes(settings, database, answers, switches).blueprint())
    scenario = Scenario(load_dataset(), settings.scenario_seed)
    run = ScenarioRun(scenario, database, answers, redis or _open(settings.redis_url))
    _add_scenario(app, run, settings.scenario_pace_seconds)
    _add_health(app, database)
    add_metrics(app, "ras")

    @app.after_serving
    async def close() -> None:
        await answers.close()

    return assemble(app, switches)


def _add_scenario(app: Quart, run: ScenarioRun, pace_seconds: float | None) -> None:
    app.register_blueprint(ScenarioOrders(run, pace_seconds).blueprint())

    @app.while_serving
    async def keep_going() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run.keep_going(pace_seconds)) if pace_seconds else None
            yield
            if task is not None:
                task.cancel()
        await run.close()


def _open(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=_ATTEMPT_SECONDS,
        socket_timeout=_ATTEMPT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


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
