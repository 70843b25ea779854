"""People of the demo who call the fleet, and the platform's changes that they hear of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import aiohttp

from benchmarks.fleet_processes import Fleet
from benchmarks.fleet_traffic import Caller
from devstack.seed import DemoUser
from devstack.tokens import Hs256, mint


def token_of(fleet: Fleet, person: DemoUser) -> str:
    secret = fleet.platform.running.keys.jwt_secret
    return mint(person, Hs256(secret), now=datetime.now(UTC), lifetime=24 * 3600)


async def caller_of(
    session: aiohttp.ClientSession, url: str, fleet: Fleet, person: DemoUser
) -> Caller:
    caller = Caller(person, token_of(fleet, person))
    page = f"{url}/bff/v1/teacher/dashboard?limit=1"
    async with session.get(page, headers=caller.headers) as response:
        batches = (await response.json())["batches"]
    return Caller(person, caller.token, batches[0]["batch_id"])


@asynccontextmanager
async def changes(
    session: aiohttp.ClientSession, fleet: Fleet, every: float
) -> AsyncIterator[None]:
    """Let the emulated platform move a batch every so many seconds."""
    url = f"{fleet.platform.url('ras')}/_devstack/scenario"

    async def move() -> None:
        while True:
            await asyncio.sleep(every)
            # An emulator closes idle connections, too; the next step comes soon.
            with suppress(aiohttp.ClientError):
                async with session.post(url, json={"steps": 1}) as response:
                    await response.read()

    task = asyncio.create_task(move())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
