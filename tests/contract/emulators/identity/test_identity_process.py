"""The emulated Identity as its own process, on a real port, until SIGTERM."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.ports import free_port

ROOT = Path(__file__).parents[4]


@asynccontextmanager
async def running(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    env = {**os.environ, "DEVSTACK_PORT": str(port), "DEVSTACK_DATA_DIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devstack.emulators.identity", cwd=ROOT, env=env
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def first_health(port: int) -> dict[str, str]:
    """The first answer of a process that is still starting; 90 s at most."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(90):
        while (found := await health_of(session, port)) is None:
            await asyncio.sleep(0.05)
    return found


async def health_of(session: aiohttp.ClientSession, port: int) -> dict[str, str] | None:
    try:
        async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            found: dict[str, str] = await answer.json()
            return found
    except aiohttp.ClientConnectionError:
        return None


async def test_process_serves_its_port_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, port) as process:
        health = await first_health(port)
        process.terminate()
        async with asyncio.timeout(10):
            code = await process.wait()

    assert health["status"] == "healthy"
    assert code == 0
    assert (tmp_path / "identity.db").is_file()
