"""Settings of the RAS emulator, read from the platform's own variables."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.events.outbox import BROKER_VARIABLE
from devstack.seed.store import database_path

DEFAULT_SERVICE_IDS = (
    "api-gateway-service",
    "admin-dashboard-service",
    "bff-teacher-service",
)
DEFAULT_REDIS_URL = "redis://localhost:6379/0"
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RasEmulatorSettings:
    """`bos` is `up`, or `down`: every look-up of an unknown batch then fails.

    Without `scenario_pace_seconds` batches move by order only. `kafka` is where the events of all
    services go; nowhere when it is empty.
    """

    database: Path
    internal_api_key: str = ""
    allowed_service_ids: frozenset[str] = frozenset(DEFAULT_SERVICE_IDS)
    redis_url: str = DEFAULT_REDIS_URL
    cache_enabled: bool = True
    cache_ttl_seconds: int = 300
    essay_endpoint: bool = False
    bos: str = "up"
    scenario_pace_seconds: float | None = None
    scenario_seed: int = 0
    kafka: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "RasEmulatorSettings":
        ids = environ.get("ALLOWED_SERVICE_IDS")
        pace = environ.get("DEVSTACK_SCENARIO_PACE_SECONDS")
        return cls(
            database=database_path(),
            internal_api_key=environ.get("HULEEDU_INTERNAL_API_KEY", ""),
            allowed_service_ids=frozenset(json.loads(ids) if ids else DEFAULT_SERVICE_IDS),
            redis_url=environ.get("REDIS_URL", DEFAULT_REDIS_URL),
            cache_enabled=environ.get("CACHE_ENABLED", "true").lower() in _TRUE,
            cache_ttl_seconds=int(environ.get("REDIS_CACHE_TTL_SECONDS", "300")),
            essay_endpoint=environ.get("DEVSTACK_RAS_ESSAY_ENDPOINT", "").lower() in _TRUE,
            bos=environ.get("DEVSTACK_RAS_BOS", "up"),
            scenario_pace_seconds=float(pace) if pace else None,
            scenario_seed=int(environ.get("DEVSTACK_SCENARIO_SEED", "0")),
            kafka=environ.get(BROKER_VARIABLE, ""),
        )
