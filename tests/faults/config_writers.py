"""Writers of settings that know what the config service must have kept."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bff_core.composition import fan_out
from tests.config_service_kit import SettingsClient
from tests.faults.config_service_process import ServiceProcess, counters, verified_length

WRITERS = ("counter_a", "counter_b", "counter_c")


@dataclass
class Writer:
    """Counts up in its own namespace: each version equals its value."""

    namespace: str
    sent: int = 0
    acknowledged: int = 0

    async def write_until(self, settings: SettingsClient, stop: asyncio.Event) -> None:
        etag = (await settings.read(self.namespace)).etag
        while not stop.is_set():
            self.sent = self.acknowledged + 1
            answer = await settings.put(self.namespace, {"count": self.sent}, etag)
            if answer.status == 200:
                self.acknowledged = self.sent
                etag = answer.etag
            elif not stop.is_set():
                # A slow disk lets a write time out; whether it was kept, the store tells.
                etag = await self.check(settings)

    async def check(self, settings: SettingsClient) -> str:
        """Compare the store with what was acknowledged, and return its entity tag."""
        answer = await settings.read(self.namespace)
        assert answer.status == 200, answer
        found = answer.body
        assert self.acknowledged <= found["version"] <= self.sent, (self, found)
        assert found["values"]["count"] == found["version"]
        self.acknowledged = self.sent = found["version"]
        return answer.etag


async def write_and_harm(
    harm: Callable[[], None], settings: SettingsClient, writers: list[Writer], least: int
) -> None:
    """Write concurrently, and call `harm` after `least` writes were acknowledged."""
    stop = asyncio.Event()
    enough = least + sum(writer.acknowledged for writer in writers)

    async def write(writer: Writer) -> None:
        with suppress(OSError):
            await writer.write_until(settings, stop)

    async def strike() -> None:
        deadline = time.monotonic() + 60
        while sum(writer.acknowledged for writer in writers) < enough:
            assert time.monotonic() < deadline, "no writes get through"
            await asyncio.sleep(0.005)
        await asyncio.sleep(random.uniform(0, 0.05))
        harm()
        stop.set()

    async with fan_out() as group:
        for writer in writers:
            group.create_task(write(writer))
        group.create_task(strike())


async def check_all(settings: SettingsClient, writers: list[Writer]) -> None:
    for writer in writers:
        await writer.check(settings)
    assert await verified_length(settings) == sum(writer.acknowledged for writer in writers)


def service_on(folder: Path, database_url: str) -> ServiceProcess:
    directory = counters(folder, *WRITERS)
    return ServiceProcess(folder, database_url, CONFIG_SERVICE_NAMESPACE_DIRECTORY=directory)
