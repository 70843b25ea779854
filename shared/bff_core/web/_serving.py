"""Running an app under Hypercorn until it is told to stop, losing nothing that is in flight."""

import asyncio
import signal
import sys
from collections.abc import Callable

import uvloop
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from quart import Quart

from bff_core.settings import ServiceSettings, SettingsError
from bff_core.web._health import Lifecycle
from bff_core.web._http11 import speak_plainly

LIFECYCLE = "bff_core.lifecycle"
BACKLOG = 1024
KEEP_ALIVE = 75.0
HEADERS_LIMIT = 32 * 1024


def hypercorn_config(settings: ServiceSettings) -> Config:
    """Hypercorn's settings where its defaults do not fit a service that must not drop work."""
    config = Config()
    config.bind = [f"{settings.host}:{settings.port}"]
    config.backlog = BACKLOG
    config.graceful_timeout = settings.shutdown_grace
    config.keep_alive_timeout = KEEP_ALIVE
    config.h11_max_incomplete_size = HEADERS_LIMIT
    config.include_server_header = False
    config.accesslog = None
    return config


def run(make_app: Callable[[], tuple[Quart, ServiceSettings]]) -> None:
    """Build the app and serve it; a setting that does not fit is one line and exit code 2."""
    try:
        app, settings = make_app()
    except SettingsError as error:
        print(f"cannot start: {error}", file=sys.stderr)  # noqa: T201 - before logs exist
        raise SystemExit(2) from None
    uvloop.run(_serve(app, settings))


async def _serve(app: Quart, settings: ServiceSettings) -> None:
    speak_plainly()
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    async def until_told() -> None:
        await stop.wait()
        lifecycle.drain()

    await hypercorn_serve(app, hypercorn_config(settings), shutdown_trigger=until_told)
