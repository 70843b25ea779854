"""The results aggregator: batches and essays as it answers them, its quirks and cache included."""

import asyncio
from collections.abc import AsyncGenerator

from quart import Quart
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devstack.effects import EffectRunner
from devstack.emulators.database import SeededDatabase
from devstack.emulators.ras import scenario
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.ras.routes import create_routes
from devstack.emulators.ras.settings import RasEmulatorSettings
from devstack.emulators.server import HEALTHY, add_health, new_app, with_controls
from devstack.scenario import DemoScenario
from devstack.seed import load_dataset

__all__ = ["RasEmulatorSettings", "create_app"]

_CACHE_TIMEOUT_SECONDS = 0.2
_PUBLISH_TIMEOUT_SECONDS = 0.5


def create_app(
    settings: RasEmulatorSettings, cache: StatusCache | None = None, redis: Redis | None = None
) -> Quart:
    """`cache`, and `redis` for the scenario's notifications, replace those of the settings."""
    choices = {"bos": ("up", "down"), "essay_endpoint": ("off", "on")}
    positions = {"bos": settings.bos, "essay_endpoint": "on" if settings.essay_endpoint else "off"}
    app = new_app("ras", settings.database, choices, **positions)
    database: SeededDatabase = app.extensions["database"]
    if cache is None:
        own = _connect(settings.redis_url, _CACHE_TIMEOUT_SECONDS)
        cache = StatusCache(own if settings.cache_enabled else None, settings.cache_ttl_seconds)
    answers, publisher = cache, redis or _connect(settings.redis_url, _PUBLISH_TIMEOUT_SECONDS)
    demo = DemoScenario(load_dataset(), settings.scenario_seed)
    runner = scenario.ScenarioRunner(demo, database, answers, publisher)
    effects = EffectRunner(database, publisher, answers.delete_lists)
    app.register_blueprint(create_routes(settings, answers))
    app.register_blueprint(scenario.create_routes(runner, settings.scenario_pace_seconds))
    # RAS checks its database only, and reports Redis and Kafka as healthy.
    note = "Kafka availability checked during message consumption"
    others = {"redis": HEALTHY, "kafka": HEALTHY | {"note": note}}
    add_health(app, "result_aggregator_service", "Result Aggregator Service", others)

    @app.while_serving
    async def run_scenario() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(effects.run())]
            if settings.kafka:
                from devstack.events.relay import EventRelay  # noqa: PLC0415 - 3 MB of a client

                tasks.append(group.create_task(EventRelay(database, settings.kafka).run()))
            if pace := settings.scenario_pace_seconds:
                tasks.append(group.create_task(runner.run(pace)))
            yield
            for task in tasks:
                task.cancel()
        await publisher.aclose()
        await answers.close()

    return with_controls(app)


def _connect(url: str, timeout_seconds: float) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )
