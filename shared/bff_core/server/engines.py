"""HTTP servers that can carry an app: Hypercorn and Granian, each through its public API."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from hypercorn.asyncio import serve
from hypercorn.config import Config

from bff_core.server.lifecycle import LifecycleMiddleware
from bff_core.settings import Engine, ServiceSettings

BACKLOG = 1024
"""Connections that wait to be accepted."""
HEAD_SECONDS = 5
"""Within which the head of a request must arrive, its first byte included; Hypercorn closes idle
connections after it, too."""
HEAD_BYTES = 32 * 1024
HTTP1 = HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES)

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
    await serve(app, config, shutdown_trigger=stopped, mode="asgi")  # type: ignore[arg-type]


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
