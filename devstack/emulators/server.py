"""Settings, app, health, metrics and server of every emulator."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from quart import Quart, Response, current_app, jsonify, request
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devstack.emulators.control import ControlMiddleware, EmulatorSwitches, Page
from devstack.emulators.database import SeededDatabase, database
from devstack.emulators.fault_injection import FaultMiddleware
from devstack.emulators.responses import ErrorAnswer, answer_error
from devstack.seed.store import database_path

VERSION = "1.0.0"
HEALTHY = {"status": "healthy"}

_GRACE_SECONDS = 2.0
_PING_SECONDS = 20.0
_MAX_MESSAGE_BYTES = 64 * 1024


def variable(
    name: str, default: Any, parse: Callable[[str], Any] = str, *, secret: bool = False
) -> Any:
    """A field of settings that stands in the environment under this name."""
    return field(default=default, repr=not secret, metadata={"variable": name, "parse": parse})


def is_true(text: str) -> bool:
    return text.lower() in {"1", "true", "yes", "on"}


@dataclass(frozen=True, kw_only=True)
class SettingsFromEnv:
    """Settings of an emulator; a variable that is not set, or empty, leaves the default."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        found = ((one, environ.get(one.metadata.get("variable", ""))) for one in fields(cls))
        return cls(**{one.name: one.metadata["parse"](text) for one, text in found if text})


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings(SettingsFromEnv):
    """`class_info` is `shipped`: CMS's class-info route fails; or `fixed`.

    `entitlements_admin` is `mounted`, or `absent` as in production. With `validation_status` CMS
    has the route of the module class_validation. A roster keeps CMS's one core busy for
    `roster_seconds`.
    """

    database: Path = field(default_factory=database_path)
    internal_api_key: str = variable("HULEEDU_INTERNAL_API_KEY", "", secret=True)
    jwt_secret: str = variable("JWT_SECRET_KEY", "", secret=True)
    jwt_algorithm: str = variable("JWT_ALGORITHM", "HS256")
    class_info: str = variable("DEVSTACK_CMS_CLASS_INFO", "shipped")
    entitlements_admin: str = variable("DEVSTACK_ENTITLEMENTS_ADMIN", "mounted")
    validation_status: bool = variable(
        "DEVSTACK_CMS_VALIDATION_STATUS", default=False, parse=is_true
    )
    roster_seconds: float = variable("DEVSTACK_CMS_ROSTER_SECONDS", 0.015, float)


def emulator_settings() -> EmulatorSettings:
    """The settings of the app behind the current request, where it has given them."""
    return cast("EmulatorSettings", current_app.extensions["settings"])


def new_app(
    name: str,
    database: Path,
    choices: Mapping[str, tuple[str, ...]] | None = None,
    **positions: str,
) -> Quart:
    """An app with the database, the switches, the error answers and `/metrics`.

    Its metrics begin with `name`; `choices` and `positions` are those of `EmulatorSwitches`.
    """
    app = Quart(name)
    app.extensions["database"] = SeededDatabase(database)
    app.extensions["switches"] = EmulatorSwitches(choices or {}, **positions)
    app.register_error_handler(ErrorAnswer, answer_error)
    registry = CollectorRegistry()
    for collector in (GCCollector, PlatformCollector, ProcessCollector):
        collector(registry=registry)
    labels = ("method", "endpoint", "status")
    counter = Counter(f"{name}_http_requests", "Requests", labels, registry=registry)

    @app.after_request
    async def count(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "unmatched"
        counter.labels(request.method, rule, str(response.status_code)).inc()
        return response

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


def add_health(
    app: Quart,
    service: str,
    title: str,
    others: Mapping[str, Mapping[str, str]] | None = None,
    *,
    checks_database: bool = True,
) -> None:
    """Add `/healthz`: 503 when the database is lost; `others` are reported as they are."""

    @app.get("/healthz")
    async def healthz() -> tuple[Response, int]:
        available = not checks_database or await database().is_available()
        status = "healthy" if available else "unhealthy"
        own = {"database": {"status": status}} if checks_database else {}
        body = {
            "service": service,
            "status": status,
            "message": f"{title} is {status}",
            "version": VERSION,
            "checks": {"service_responsive": True, "dependencies_available": available},
            "dependencies": {**own, **(others or {})},
            "environment": "development",
        }
        return jsonify(body), 200 if available else 503


def open_redis(url: str, seconds: float) -> Redis:
    """A client that waits so long for a connection and for an answer, and does not try again."""
    retry = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_connect_timeout=seconds, socket_timeout=seconds, retry=retry)


def with_controls(app: Quart, pages: Mapping[str, Page] | None = None) -> Quart:
    """The app behind fault injection and the control routes; failed requests are logged, too."""
    switches = app.extensions.get("switches") or EmulatorSwitches({})
    controls = ControlMiddleware(FaultMiddleware(app.asgi_app), switches, pages)
    app.asgi_app = controls  # type: ignore[method-assign]  # Quart's documented way to wrap an app.
    return app


def run(app: Quart, host_variable: str, port_variable: str, default_port: int) -> None:
    """Serve until SIGTERM or SIGINT; the devstack's own address variables win over the platform's."""
    host = os.environ.get("DEVSTACK_HOST") or os.environ.get(host_variable) or "127.0.0.1"
    port = os.environ.get("DEVSTACK_PORT") or os.environ.get(port_variable) or default_port
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.graceful_timeout = _GRACE_SECONDS
    config.accesslog = None
    config.websocket_ping_interval = _PING_SECONDS
    config.websocket_max_message_size = _MAX_MESSAGE_BYTES

    async def serve_until_stopped() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await serve(app, config, shutdown_trigger=stopped.wait)

    asyncio.run(serve_until_stopped())
