"""Serve the emulated Identity: `python -m devstack.emulators.identity`."""

import asyncio
import os
import signal

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from devstack.emulators.identity import IdentitySettings, create_app


def _address() -> str:
    host = os.environ.get("DEVSTACK_HOST") or "127.0.0.1"
    return f"{host}:{os.environ.get('DEVSTACK_PORT') or '7005'}"


async def _serve(app: Quart, address: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def stopped() -> None:
        await stop.wait()

    config = Config()
    config.bind = [address]
    config.graceful_timeout = 2.0
    await serve(app, config, shutdown_trigger=stopped)


if __name__ == "__main__":
    asyncio.run(_serve(create_app(IdentitySettings.from_env(os.environ)), _address()))
