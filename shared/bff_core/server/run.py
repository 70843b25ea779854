"""Running an app until it is told to stop, losing nothing that is in flight."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

import uvloop
from quart import Quart

from bff_core.composition import fan_out
from bff_core.errors import BffError
from bff_core.server.connections import IdleCloser, ServerLoop, connection_limit
from bff_core.server.engines import ENGINES
from bff_core.server.lifecycle import Lifecycle, LifecycleMiddleware
from bff_core.server.routes.responses import METRICS
from bff_core.settings import ServiceSettings, SettingsError
from bff_core.tasks import cancel_and_wait

LIFECYCLE = "bff_core.lifecycle"
COLLECTOR_THRESHOLDS = (10_000, 10, 10)
"""One answer makes more objects than Python's default of 700, after which it would look through them."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
CANNOT_START = 2
"""Exit code."""
START_SECONDS = 4.0
STOP_SECONDS = 10.0
"""Within which databases, caches and tasks are closed after the last response."""


def run(make_app: Callable[[], tuple[Quart, ServiceSettings]]) -> None:
    """Build the app and serve it; a failure to start is one line and exit code 2."""
    for number in STOP_SIGNALS:
        # Nothing is in flight yet. The default would be ignored in a container's first process.
        signal.signal(number, lambda number, _: os._exit(128 + number))
    try:
        app, settings = make_app()
        # Modules and routes live as long as the process: looking through them again stops requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR_THRESHOLDS)
        uvloop.run(serve(app, settings), loop_factory=ServerLoop)
    except (SettingsError, BffError) as error:
        print(f"cannot start: {error}", file=sys.stderr, flush=True)  # noqa: T201 - logs may be off
        raise SystemExit(CANNOT_START) from None


def _require_free_port(settings: ServiceSettings) -> None:
    """Bind the port once before anything is opened, so that a taken one is the first failure.

    Raises:
        SettingsError: Nobody can listen there.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        # The standard library adds the address, which is named here already.
        reason = (error.strerror or type(error).__name__).partition(" (while attempting")[0]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.port}"
        raise SettingsError(f"cannot listen on {address}: {reason}") from error
    except UnicodeError:
        raise SettingsError(f"cannot listen on {settings.host}: no such host") from None


async def serve(app: Quart, settings: ServiceSettings) -> None:
    """Start the app, serve it on the engine that the settings name, and shut it down.

    Raises:
        SettingsError: The app does not start.
    """
    lifecycle: Lifecycle = app.extensions[LIFECYCLE]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    accepted = loop.accepted if isinstance(loop, ServerLoop) else {}
    for name in STOP_SIGNALS:
        loop.add_signal_handler(name, stop.set)

    async def stopped() -> None:
        await stop.wait()
        lifecycle.drain()
        # A load balancer needs time to notice; what it still sends is still answered.
        await asyncio.sleep(settings.drains_for)

    _require_free_port(settings)
    middleware = LifecycleMiddleware(app, lifecycle)  # type: ignore[arg-type]  # ASGI, typed by Hypercorn
    limit = connection_limit(settings.max_connections)
    metrics = app.extensions[METRICS]
    closer = IdleCloser(settings.port, limit, middleware.busy, metrics, accepted)
    try:
        if not await _has_started(app, stop):
            return
        async with fan_out() as tasks:
            closing = tasks.create_task(closer.run())
            await ENGINES[settings.server](middleware, settings, limit, stopped)
            closing.cancel()
        if not stop.is_set():
            raise RuntimeError("the server ended without being told to")
    finally:
        _exit_when_stuck(0 if stop.is_set() else CANNOT_START)
        await app.shutdown()
        for name in STOP_SIGNALS:
            # The loop takes its handlers away when it closes; then a further signal would kill.
            loop.remove_signal_handler(name)
            signal.signal(name, signal.SIG_IGN)


async def _has_started(app: Quart, stop: asyncio.Event) -> bool:
    """Start the app; False when the process was told to stop meanwhile.

    Raises:
        SettingsError: It takes too long.
    """
    starting, stopping = asyncio.create_task(app.startup()), asyncio.create_task(stop.wait())
    both = {starting, stopping}
    await asyncio.wait(both, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        await cancel_and_wait(stopping)
        await starting
        return not stop.is_set()
    told_to_stop = stop.is_set()
    await cancel_and_wait(*both)
    if not told_to_stop:
        raise SettingsError(f"the app was not ready within {START_SECONDS:g} s")
    return False


def _exit_when_stuck(code: int) -> None:
    """End the process in `STOP_SECONDS` even if something in it does not let go."""

    def end() -> None:
        print("did not stop in time, exits now", file=sys.stderr, flush=True)  # noqa: T201 - the log may be stuck, too
        os._exit(code)

    timer = threading.Timer(STOP_SECONDS, end)
    timer.daemon = True
    timer.start()
