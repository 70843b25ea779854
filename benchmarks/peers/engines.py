"""Serves an ASGI app of a peer on the engine that the environment variable ENGINE names."""

import os

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from hypercorn.asyncio import serve as serve_hypercorn
from hypercorn.config import Config
from quart import Quart

HOST = "127.0.0.1"
BACKLOG = 1024


def run(app: Quart) -> None:
    """Serve on PORT until the process is terminated."""
    serve = _on_granian if os.environ.get("ENGINE") == "granian" else _on_hypercorn
    uvloop.run(serve(app, int(os.environ["PORT"])))


async def _on_hypercorn(app: Quart, port: int) -> None:
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.accesslog = None
    config.backlog = BACKLOG
    await serve_hypercorn(app, config)


async def _on_granian(app: Quart, port: int) -> None:
    server = Server(
        app,
        address=HOST,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
    )
    await server.serve()
