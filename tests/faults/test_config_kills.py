"""An acknowledged write survives the death of the service or the database, exactly once.

`FULL_ROUNDS=1 ./dev test tests/faults/test_config_kills.py` runs all rounds; otherwise a tenth.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bff_core.composition import fan_out
from tests.config_service_kit import SettingsClient, fresh_postgres, sqlite_url
from tests.faults.config_service_process import (
    ServiceProcess,
    calling,
    counters,
    rounds,
    verified_length,
)
from tests.faults.postgres_process import PostgresProcess

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


async def kill_service(service: ServiceProcess, times: int) -> None:
    writers = [Writer(namespace) for namespace in WRITERS]
    service.start()
    try:
        for _ in range(times):
            async with calling(service.url) as [settings]:
                await write_and_harm(service.kill, settings, writers, least=6)
            service.start()
            async with calling(service.url) as [settings]:
                await check_all(settings, writers)
    finally:
        service.stop()


def service_on(folder: Path, database_url: str) -> ServiceProcess:
    directory = counters(folder, *WRITERS)
    return ServiceProcess(folder, database_url, CONFIG_SERVICE_NAMESPACE_DIRECTORY=directory)


async def test_killed_service_loses_nothing_on_sqlite(tmp_path: Path) -> None:
    await kill_service(service_on(tmp_path, sqlite_url(tmp_path)), rounds(200))


@pytest.mark.postgres
async def test_killed_service_loses_nothing_on_postgres(
    tmp_path: Path, fresh_database: str
) -> None:
    await kill_service(service_on(tmp_path, fresh_database), rounds(50))


@pytest.fixture
def fresh_database(postgres_url: str) -> str:
    return fresh_postgres(postgres_url)


@pytest.fixture
def postgres() -> Iterator[PostgresProcess]:
    with PostgresProcess.made() as process:
        yield process


@pytest.mark.postgres
async def test_killed_postgres_loses_nothing_and_the_service_goes_on(
    tmp_path: Path, postgres: PostgresProcess
) -> None:
    """The service is not restarted: it answers 503 and reconnects."""
    writers = [Writer(namespace) for namespace in WRITERS]
    postgres.start()
    service = service_on(tmp_path, postgres.url)
    service.start()
    try:
        async with calling(service.url) as [settings]:
            for _ in range(rounds(20)):
                await write_and_harm(postgres.kill, settings, writers, least=6)
                away = await settings.read(WRITERS[0])
                postgres.start()
                await check_all(settings, writers)

                assert (away.status, away.error["code"]) == (503, "SERVICE_UNAVAILABLE")
                assert away.headers["retry-after"] == "1"
    finally:
        service.stop()
