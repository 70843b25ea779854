"""Running an app until it is told to stop, losing nothing that is in flight."""

import asyncio
import errno
import gc
import signal
import socket
import sys
from collections.abc import Callable

import uvloop
from quart import Quart

from bff_core.composition import fan_out
from bff_core.server.accepted import ServerLoop
from bff_core.server.connections import IdleCloser, connection_limit
from bff_core.server.engines import ENGINES
from bff_core.server.lifecycle import Lifecycle, LifecycleMiddleware
from bff_core.server.routes.responses import METRICS
from bff_core.settings import ServiceSettings, SettingsError

LIFECYCLE = "bff_core.lifecycle"
COLLECTOR_THRESHOLDS = (10_000, 10, 10)
"""One answer makes more objects than Python's default of 700, after which it would look through them."""


def run(make_app: Callable[[], tuple[Quart, ServiceSettings]]) -> None:
    """Build the app and serve it; a failure to start is one line and exit code 2."""
    try:
        app, settings = make_app()
    except SettingsError as error:
        raise _cannot_start(str(error)) from None
    # Modules and routes live as long as the process: looking through them again stops requests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    try:
        uvloop.run(serve(app, settings), loop_factory=ServerLoop)
    except SettingsError as error:
        raise _cannot_start(str(error)) from None
    except OSError as error:
        if not _is_about_listening(error):
            raise
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.port}"
        raise _cannot_start(f"cannot listen on {address}: {error.strerror}") from None


def _cannot_start(why: str) -> SystemExit:
    print(f"cannot start: {why}", file=sys.stderr)  # noqa: T201 - before logs exist
    return SystemExit(2)


def _is_about_listening(error: OSError) -> bool:
    kinds = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}
    return isinstance(error, socket.gaierror) or error.errno in kinds


async def serve(app: Quart, settings: ServiceSettings) -> None:
    """Start the app, serve it on the engine that the settings name, and shut it down."""
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    accepted = loop.accepted if isinstance(loop, ServerLoop) else {}
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    async def stopped() -> None:
        await stop.wait()
        lifecycle.drain()
        # A load balancer needs time to notice; what it still sends is still answered.
        await asyncio.sleep(settings.drains_for)

    middleware = LifecycleMiddleware(app, lifecycle)  # type: ignore[arg-type]  # ASGI, typed by Hypercorn
    limit = connection_limit(settings.max_connections)
    metrics = app.extensions[METRICS]
    closer = IdleCloser(settings.port, limit, middleware.busy, metrics, accepted)
    await app.startup()
    try:
        async with fan_out() as tasks:
            closing = tasks.create_task(closer.run())
            await ENGINES[settings.server](middleware, settings, limit, stopped)
            closing.cancel()
        if not stop.is_set():
            raise RuntimeError("the server ended without being told to")
    finally:
        await app.shutdown()
