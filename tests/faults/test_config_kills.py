"""An acknowledged write survives the death of the service or the database, exactly once.

`FULL_ROUNDS=1 ./dev test tests/faults/test_config_kills.py` runs all rounds; otherwise a tenth.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config_service_kit import fresh_postgres, sqlite_url
from tests.faults.config_service_process import ServiceProcess, calling, rounds
from tests.faults.config_writers import WRITERS, Writer, check_all, service_on, write_and_harm
from tests.faults.postgres_process import PostgresProcess


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
