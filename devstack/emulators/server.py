"""Settings, middleware and server of every emulator."""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from devstack.emulators.control import ControlMiddleware, EmulatorSwitches, Page
from devstack.emulators.database import SeededDatabase
from devstack.emulators.fault_injection import FaultMiddleware
from devstack.seed.store import database_path

_GRACE_SECONDS = 2.0
_PING_SECONDS = 20.0
_MAX_MESSAGE_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings:
    """`class_info` is `shipped`: CMS's class-info route fails; or `fixed`.

    `entitlements_admin` is `mounted`, or `absent` as in production. With `validation_status` CMS
    has the route of the module class_validation. A roster keeps CMS's one core busy for
    `roster_seconds`.
    """

    database: Path
    internal_api_key: str = ""
    class_info: str = "shipped"
    entitlements_admin: str = "mounted"
    validation_status: bool = False
    roster_seconds: float = 0.015

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "EmulatorSettings":
        return cls(
            database=database_path(),
            internal_api_key=environ.get("HULEEDU_INTERNAL_API_KEY", ""),
            class_info=environ.get("DEVSTACK_CMS_CLASS_INFO") or cls.class_info,
            entitlements_admin=environ.get("DEVSTACK_ENTITLEMENTS_ADMIN") or cls.entitlements_admin,
            validation_status=environ.get("DEVSTACK_CMS_VALIDATION_STATUS") == "true",
            roster_seconds=float(environ.get("DEVSTACK_CMS_ROSTER_SECONDS") or cls.roster_seconds),
        )


def add_state(app: Quart, database: Path, switches: EmulatorSwitches) -> SeededDatabase:
    """Give the app the database and the switches that its routes read."""
    app.extensions["database"] = opened = SeededDatabase(database)
    app.extensions["switches"] = switches
    return opened


def with_controls(
    app: Quart, switches: EmulatorSwitches | None = None, pages: Mapping[str, Page] | None = None
) -> Quart:
    """The app behind fault injection and the control routes; failed requests are logged, too."""
    inner = FaultMiddleware(app.asgi_app)
    controls = ControlMiddleware(inner, switches or EmulatorSwitches({}), pages)
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
    asyncio.run(_serve(app, config))


async def _serve(app: Quart, config: Config) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await serve(app, config, shutdown_trigger=stopped.wait)
