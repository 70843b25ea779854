"""The emulator of the results aggregator as one Quart app."""

import asyncio
from collections.abc import AsyncGenerator

from quart import Quart
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devstack.effects import EffectRunner
from devstack.emulators.control import EmulatorSwitches
from devstack.emulators.database import SeededDatabase
from devstack.emulators.health import HEALTHY, add_health, add_metrics, database_state
from devstack.emulators.ras import scenario
from devstack.emulators.ras.cache import StatusCache, list_pattern
from devstack.emulators.ras.routes import create_routes
from devstack.emulators.ras.settings import RasEmulatorSettings
from devstack.emulators.server import add_state, with_controls
from devstack.scenario import DemoScenario
from devstack.seed import load_dataset

_SWITCHES = {"bos": ("up", "down"), "essay_endpoint": ("off", "on")}
_CACHE_TIMEOUT_SECONDS = 0.2
_PUBLISH_TIMEOUT_SECONDS = 0.5


def create_app(
    settings: RasEmulatorSettings, cache: StatusCache | None = None, redis: Redis | None = None
) -> Quart:
    """`cache`, and `redis` for the scenario's notifications, replace those of the settings."""
    app = Quart(__name__)
    essay_endpoint = "on" if settings.essay_endpoint else "off"
    switches = EmulatorSwitches(_SWITCHES, bos=settings.bos, essay_endpoint=essay_endpoint)
    database = add_state(app, settings.database, switches)
    answers = cache or _open_cache(settings)
    publisher = redis or _connect(settings.redis_url, _PUBLISH_TIMEOUT_SECONDS)
    demo = DemoScenario(load_dataset(), settings.scenario_seed)
    runner = scenario.ScenarioRunner(demo, database, answers, publisher)
    effects = EffectRunner(
        database, publisher, lambda user: answers.delete_matching(list_pattern(user))
    )
    app.register_blueprint(create_routes(settings, answers))
    app.register_blueprint(scenario.create_routes(runner, settings.scenario_pace_seconds))

    _add_health(app, database)
    add_metrics(app, "ras")

    @app.while_serving
    async def run_scenario() -> AsyncGenerator[None, None]:
        pace = settings.scenario_pace_seconds
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(effects.run())]
            if settings.kafka:
                from devstack.events.relay import EventRelay  # noqa: PLC0415 - 3 MB of a client

                tasks.append(group.create_task(EventRelay(database, settings.kafka).run()))
            if pace:
                tasks.append(group.create_task(runner.run(pace)))
            yield
            for task in tasks:
                task.cancel()
        await runner.close()
        await answers.close()

    return with_controls(app, switches)


def _add_health(app: Quart, database: SeededDatabase) -> None:
    async def dependencies() -> dict[str, dict[str, str]]:
        # RAS checks its database only, and reports Redis and Kafka as healthy.
        note = "Kafka availability checked during message consumption"
        return {
            "database": await database_state(database),
            "redis": HEALTHY,
            "kafka": {"status": "healthy", "note": note},
        }

    add_health(app, "result_aggregator_service", "Result Aggregator Service", dependencies)


def _open_cache(settings: RasEmulatorSettings) -> StatusCache:
    redis = _connect(settings.redis_url, _CACHE_TIMEOUT_SECONDS)
    return StatusCache(redis if settings.cache_enabled else None, settings.cache_ttl_seconds)


def _connect(url: str, timeout_seconds: float) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )
