"""Running an app under Hypercorn until it is told to stop, losing nothing that is in flight."""

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvloop
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from quart import Quart

from bff_core.server.health import Lifecycle
from bff_core.server.quick_http11 import speak_plainly
from bff_core.server.request_middleware import AsgiApp, Message, Receive, Scope, SendMessage
from bff_core.settings import ServiceSettings, SettingsError

LIFECYCLE = "bff_core.lifecycle"
BACKLOG = 1024
KEEP_ALIVE = 75.0
HEADERS_LIMIT = 32 * 1024
COLLECT_AFTER = (10_000, 10, 10)
"""Python's own 700 objects are less than one answer makes."""


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
    # Its own handler writes lines of another shape; this one passes them to ours.
    config.errorlog = logging.getLogger("hypercorn.error")
    return config


def run(make_app: Callable[[], tuple[Quart, ServiceSettings]]) -> None:
    """Build the app and serve it; what keeps it from starting is one line and exit code 2."""
    try:
        app, settings = make_app()
    except SettingsError as error:
        raise _cannot_start(str(error)) from None
    _spare_what_stays()
    try:
        uvloop.run(_serve(app, settings))
    except OSError as error:
        if not _is_about_listening(error):
            raise
        address = f"{settings.host}:{settings.port}"
        raise _cannot_start(f"cannot listen on {address}: {error.strerror}") from None


def _spare_what_stays() -> None:
    """Modules and routes live as long as the process: looking through them again stops requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _cannot_start(why: str) -> SystemExit:
    print(f"cannot start: {why}", file=sys.stderr)  # noqa: T201 - before logs exist
    return SystemExit(2)


def _is_about_listening(error: OSError) -> bool:
    kinds = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}
    return isinstance(error, socket.gaierror) or error.errno in kinds


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
        # Whoever balances needs time to notice; what it still sends is still answered.
        await asyncio.sleep(settings.drains_for)

    await hypercorn_serve(
        _parting(app, lifecycle),  # type: ignore[arg-type]  # an ASGI app, typed more loosely
        hypercorn_config(settings),
        shutdown_trigger=until_told,
        mode="asgi",
    )


def _parting(app: AsgiApp, lifecycle: Lifecycle) -> AsgiApp:
    """Asks callers of a process that is draining to take their next request elsewhere."""

    async def parting(scope: Scope, receive: Receive, send: SendMessage) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and lifecycle.state == "draining":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await app(scope, receive, told)

    return parting
