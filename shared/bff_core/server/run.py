"""Running an app on Hypercorn or Granian until it is told to stop, losing nothing in flight."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from hypercorn.asyncio import serve as hypercorn
from hypercorn.config import Config
from quart import Quart

from bff_core.composition import fan_out
from bff_core.errors import BffError
from bff_core.server.connections import IdleCloser, ServerLoop, connection_limit
from bff_core.server.lifecycle import Lifecycle, LifecycleMiddleware
from bff_core.server.routes import METRICS
from bff_core.settings import Engine, ServiceSettings, SettingsError
from bff_core.signals import STOP_SIGNALS, exit_on_signals
from bff_core.tasks import cancel_and_wait

LIFECYCLE = "bff_core.lifecycle"
COLLECTOR_THRESHOLDS = (10_000, 10, 10)
"""One answer makes more objects than Python's default of 700, after which it would look through them."""

BACKLOG = 1024
"""Connections that wait to be accepted."""
HEAD_SECONDS = 5
"""Within which the head of a request must arrive, its first byte included; Hypercorn closes idle
connections after it, too."""
HEAD_BYTES = 32 * 1024
HTTP1 = HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES)
CANNOT_START = 2
"""Exit code."""
START_SECONDS = 4.0
STOP_SECONDS = 10.0
"""Within which databases, caches and tasks are closed after the last response."""


def run(make_app: Callable[[], tuple[Quart, ServiceSettings]]) -> None:
    """Build the app and serve it; a failure to start is one line and exit code 2."""
    exit_on_signals()
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
        lifecycle.grace_ends = loop.time() + settings.shutdown_grace

    _require_free_port(settings)
    middleware = LifecycleMiddleware(app, lifecycle)  # type: ignore[arg-type]  # ASGI, typed by Hypercorn
    limit = connection_limit(settings.max_connections)
    metrics = app.extensions[METRICS]
    closer = IdleCloser(settings.port, limit, middleware.busy_peers, metrics, accepted)
    try:
        if not await _has_started(app, stop):
            return
        async with fan_out() as tasks:
            closing = tasks.create_task(closer.run())
            await ENGINES[settings.server](middleware, settings, limit, stopped)
            await lifecycle.finish()
            closing.cancel()
        if not stop.is_set():
            raise RuntimeError("the server ended without being told to")
    finally:
        _exit_when_stuck(0 if stop.is_set() else CANNOT_START)
        await app.shutdown()
        _ignore_signals(loop)


def _ignore_signals(loop: asyncio.AbstractEventLoop) -> None:
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
    has_started, told_to_stop = starting.done(), stop.is_set()
    await cancel_and_wait(*both)
    if has_started:
        await starting
    elif not told_to_stop:
        raise SettingsError(f"the app was not ready within {START_SECONDS:g} s")
    return has_started and not told_to_stop


def _exit_when_stuck(code: int) -> None:
    """End the process in `STOP_SECONDS` even if something in it does not let go."""

    def end() -> None:
        print("did not stop in time, exits now", file=sys.stderr, flush=True)  # noqa: T201 - the log may be stuck, too
        os._exit(code)

    timer = threading.Timer(STOP_SECONDS, end)
    timer.daemon = True
    timer.start()


Stopped = Callable[[], Awaitable[None]]
"""Returns when the process shall stop serving."""


async def serve_hypercorn(
    app: LifecycleMiddleware, settings: ServiceSettings, connections: int, stopped: Stopped
) -> None:
    """Serve HTTP/1.1 until `stopped` returns and the requests in flight have ended.

    Hypercorn's defaults are replaced where they do not fit a service that must not drop work.
    """
    config = Config()
    config.bind = [f"{settings.host}:{settings.port}"]
    # It accepts all that wait at once: they must fit beside the connections that are open.
    config.backlog = min(BACKLOG, max(1, connections // 4))
    config.graceful_timeout = settings.shutdown_grace
    config.keep_alive_timeout = HEAD_SECONDS
    config.h11_max_incomplete_size = HEAD_BYTES
    # Each is a piece of a body of up to 64 KiB that the app has not taken yet.
    config.max_app_queue_size = 3
    config.include_server_header = False
    config.accesslog = None
    # Its own handler writes lines of another shape; this one passes them to ours.
    config.errorlog = logging.getLogger("hypercorn.error")
    # An ASGI app, typed more loosely.
    await hypercorn(app, config, shutdown_trigger=stopped, mode="asgi")  # type: ignore[arg-type]


async def serve_granian(
    app: LifecycleMiddleware, settings: ServiceSettings, connections: int, stopped: Stopped
) -> None:
    """Serve HTTP/1.1 until `stopped` returns and the requests in flight have ended."""
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=connections,
        http1_settings=HTTP1,
        log_enabled=False,
    )

    async def stop() -> None:
        try:
            await stopped()
        finally:
            server.stop()  # type: ignore[no-untyped-call]  # the library types this one method not
        await asyncio.sleep(settings.shutdown_grace)
        app.cancel_all()
        # Granian waits without limit for a client that does not read its response.
        limit.reschedule(asyncio.get_running_loop().time() + 1)

    app.hide_server()
    stopping = asyncio.create_task(stop())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as limit:
                await server.serve()
    finally:
        stopping.cancel()
        await asyncio.wait([stopping])
    if not stopping.cancelled():
        stopping.result()


ENGINES: Mapping[
    Engine, Callable[[LifecycleMiddleware, ServiceSettings, int, Stopped], Awaitable[None]]
] = {Engine.HYPERCORN: serve_hypercorn, Engine.GRANIAN: serve_granian}
