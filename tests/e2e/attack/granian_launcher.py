"""Serves the gateway under Granian; in place of a setting that chooses the server."""

import asyncio
import signal

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from bff_core.server import LIFECYCLE
from services.gateway.app import from_environment


async def serve() -> None:
    app, settings = from_environment()
    server = Server(
        target=app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        log_access=False,
        # Its bound on open connections, 128 unless it is set.
        backlog=1024,
        backpressure=16_384,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    async def stop_when_told() -> None:
        await stop.wait()
        app.extensions[LIFECYCLE].drain()
        await asyncio.sleep(settings.drains_for)
        server.stop()

    stopping = asyncio.create_task(stop_when_told())
    await server.serve()
    await stopping


if __name__ == "__main__":
    uvloop.run(serve())
