"""Serves the gateway under Granian or Hypercorn, until a setting of its own chooses the server."""

import asyncio
import gc
import os
import signal

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from hypercorn.asyncio import serve as hypercorn_serve
from quart import Quart

from bff_core.server import LIFECYCLE, hypercorn_config
from bff_core.settings import ServiceSettings
from services.gateway.app import from_environment


async def serve(app: Quart, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def drained() -> None:
        await stop.wait()
        app.extensions[LIFECYCLE].drain()
        await asyncio.sleep(settings.drains_for)

    if os.environ["TEST_SERVER"] == "hypercorn":
        config = hypercorn_config(settings)
        await hypercorn_serve(app, config, shutdown_trigger=drained, mode="asgi")
        return
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

    async def stop_server() -> None:
        await drained()
        server.stop()

    stopping = asyncio.create_task(stop_server())
    await server.serve()
    await stopping


if __name__ == "__main__":
    served = from_environment()
    # Or the collector looks through all modules once more, at the end.
    gc.freeze()
    uvloop.run(serve(*served))
