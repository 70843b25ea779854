"""How every emulator runs: its wrappers, its port, and an end that cuts nothing."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from quart import Quart

from devstack.emulators.controls import Controls, Page, Switches
from devstack.emulators.faulty import Faulty

Wrapper = Callable[[ASGIFramework], ASGIFramework]

# Put around every emulator, the first one outermost, inside the controls: so faulted requests are
# in the log too.
WRAPPERS: list[Wrapper] = [Faulty]

_GRACE_SECONDS = 2.0
_PING_SECONDS = 20.0
_MAX_MESSAGE_BYTES = 64 * 1024


def assemble(app: Quart, switches: Switches, pages: Mapping[str, Page] | None = None) -> Quart:
    """The app with the wrappers and the controls around it."""
    inner: ASGIFramework = app.asgi_app
    for wrapper in reversed(WRAPPERS):
        inner = wrapper(inner)
    app.asgi_app = Controls(inner, switches, pages)  # type: ignore[method-assign]  # Quart's way to wrap.
    return app


def address(host_name: str, port_name: str, default_port: int) -> tuple[str, int]:
    """Where to listen: the devstack's own names win over the platform's."""
    host = os.environ.get("DEVSTACK_HOST") or os.environ.get(host_name) or "127.0.0.1"
    port = os.environ.get("DEVSTACK_PORT") or os.environ.get(port_name) or str(default_port)
    return host, int(port)


def run(app: Quart, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_serve(app, host, port))


async def _serve(app: Quart, host: str, port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.graceful_timeout = _GRACE_SECONDS
    config.accesslog = None
    config.websocket_ping_interval = _PING_SECONDS
    config.websocket_max_message_size = _MAX_MESSAGE_BYTES
    await serve(app, config, shutdown_trigger=ended.wait)
