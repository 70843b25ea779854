"""The results aggregator: batches and essays as it answers them, its quirks and cache included."""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, field
from pathlib import Path

from quart import Quart
from redis.asyncio import Redis

from devstack.effects import EffectRunner
from devstack.emulators.database import SeededDatabase
from devstack.emulators.ras import scenario
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.ras.routes import create_routes
from devstack.emulators.server import (
    HEALTHY,
    SettingsFromEnv,
    add_health,
    is_true,
    new_app,
    open_redis,
    variable,
    with_controls,
)
from devstack.events.outbox import BROKER_VARIABLE
from devstack.scenario import DemoScenario
from devstack.seed import load_dataset
from devstack.seed.store import database_path

__all__ = ["RasEmulatorSettings", "create_app"]

_CACHE_TIMEOUT_SECONDS = 0.2
_PUBLISH_TIMEOUT_SECONDS = 0.5
DEFAULT_SERVICE_IDS = ("api-gateway-service", "admin-dashboard-service", "bff-teacher-service")
DEFAULT_REDIS_URL = "redis://localhost:6379/0"


@dataclass(frozen=True, kw_only=True)
class RasEmulatorSettings(SettingsFromEnv):
    """`bos` is `up`, or `down`: every look-up of an unknown batch then fails.

    Without `scenario_pace_seconds` batches move by order only. `kafka` is where the events of all
    services go; nowhere when it is empty.
    """

    database: Path = field(default_factory=database_path)
    internal_api_key: str = variable("HULEEDU_INTERNAL_API_KEY", "", secret=True)
    # A JSON array in the environment.
    allowed_service_ids: Collection[str] = variable(
        "ALLOWED_SERVICE_IDS", DEFAULT_SERVICE_IDS, json.loads
    )
    redis_url: str = variable("REDIS_URL", DEFAULT_REDIS_URL)
    cache_enabled: bool = variable("CACHE_ENABLED", default=True, parse=is_true)
    cache_ttl_seconds: int = variable("REDIS_CACHE_TTL_SECONDS", 300, int)
    essay_endpoint: bool = variable("DEVSTACK_RAS_ESSAY_ENDPOINT", default=False, parse=is_true)
    bos: str = variable("DEVSTACK_RAS_BOS", "up")
    scenario_pace_seconds: float | None = variable("DEVSTACK_SCENARIO_PACE_SECONDS", None, float)
    scenario_seed: int = variable("DEVSTACK_SCENARIO_SEED", 0, int)
    kafka: str = variable(BROKER_VARIABLE, "")


def create_app(
    settings: RasEmulatorSettings, cache: StatusCache | None = None, redis: Redis | None = None
) -> Quart:
    """`cache`, and `redis` for the scenario's notifications, replace those of the settings."""
    choices = {"bos": ("up", "down"), "essay_endpoint": ("off", "on")}
    positions = {"bos": settings.bos, "essay_endpoint": "on" if settings.essay_endpoint else "off"}
    app = new_app("ras", settings.database, choices, **positions)
    database: SeededDatabase = app.extensions["database"]
    if cache is None:
        own = open_redis(settings.redis_url, _CACHE_TIMEOUT_SECONDS)
        cache = StatusCache(own if settings.cache_enabled else None, settings.cache_ttl_seconds)
    answers, publisher = cache, redis or open_redis(settings.redis_url, _PUBLISH_TIMEOUT_SECONDS)
    moves = DemoScenario(load_dataset(), settings.scenario_seed)
    runner = scenario.ScenarioRunner(moves, database, answers, publisher)
    effects = EffectRunner(database, publisher, answers.delete_lists)
    key, pace = settings.internal_api_key, settings.scenario_pace_seconds
    app.register_blueprint(create_routes(answers, key, settings.allowed_service_ids))
    app.register_blueprint(scenario.create_routes(runner, pace))
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
            if pace:
                tasks.append(group.create_task(runner.run(pace)))
            yield
            for task in tasks:
                task.cancel()
        await publisher.aclose()
        await answers.close()

    return with_controls(app)
