"""PostgreSQL behind PgBouncer in transaction mode, as providers offer it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from bff_core.composition import fan_out
from bff_core.database_url import DatabaseUrl
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.tables import titles
from services.config_service.implementations.database import SqlDatabase
from services.config_service.migrations import migrate
from tests import local_servers
from tests.config_service_kit import SettingsClient
from tests.faults.config_service_process import ServiceProcess, calling
from tests.faults.config_writers import WRITERS, Writer, check_all, service_on, write_and_harm
from tests.faults.pgbouncer_process import LIMIT, require_pgbouncer, running_pgbouncer
from tests.faults.postgres_process import PostgresProcess

RESTARTS = 2


@pytest.fixture
def pooled_url() -> Iterator[str]:
    """Few server connections for all clients: a statement is run where it was not prepared."""
    require_pgbouncer()
    binaries = local_servers.postgres_folder()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: transaction pools are not tried")
    with (
        local_servers.running_postgres(binaries) as server,
        running_pgbouncer(server, connections=3) as url,
    ):
        yield url


async def test_the_config_service_migrates_and_serves_behind_a_transaction_pool(
    pooled_url: str,
) -> None:
    databases = [SqlDatabase(DatabaseUrl.parse(pooled_url), max_wait=LIMIT) for _ in range(2)]
    try:
        assert await migrate(databases[0])

        async def value(database: SqlDatabase, number: int) -> int:
            statement = text("SELECT CAST(:number AS integer) + 1")
            found = await database.read(lambda it: it.execute(statement, {"number": number}))
            return int(found.scalar_one())

        async with fan_out() as group:
            calls = [group.create_task(value(databases[it % 2], it)) for it in range(80)]
        assert [call.result() for call in calls] == [number + 1 for number in range(80)]
        durable = await databases[0].write(lambda it: it.execute(text("SHOW synchronous_commit")))
        assert durable.scalar_one() == "on"
        assert await databases[1].ping()
    finally:
        for database in databases:
            await database.close()


async def test_the_ledger_works_behind_a_transaction_pool(pooled_url: str) -> None:
    ledgers = [LedgerDatabase(pooled_url, timeout=LIMIT) for _ in range(2)]
    try:
        async with fan_out() as group:
            pings = [group.create_task(one.ping()) for one in ledgers for _ in range(10)]
        assert all(ping.result() for ping in pings)
    finally:
        for ledger in ledgers:
            await ledger.aclose()


@pytest.fixture
def postgres() -> Iterator[PostgresProcess]:
    require_pgbouncer()
    if local_servers.postgres_folder() is None:
        pytest.skip("PostgreSQL is not installed: transaction pools are not tried")
    with PostgresProcess.made() as process:
        process.start()
        yield process


def restart(postgres: PostgresProcess) -> None:
    """As after a crash; PgBouncer and the services go on."""
    postgres.kill()
    postgres.start()


async def until_it_reads(settings: SettingsClient) -> None:
    async with asyncio.timeout(LIMIT):
        while (await settings.read(WRITERS[0])).status != 200:
            await asyncio.sleep(0.1)


@pytest.fixture
def pooled_service(postgres: PostgresProcess, tmp_path: Path) -> Iterator[ServiceProcess]:
    with running_pgbouncer(postgres.url, connections=2) as url:
        service = service_on(tmp_path, url)
        try:
            service.start()
            yield service
        finally:
            service.stop()


async def test_settings_survive_a_restart_of_postgres_behind_the_pool(
    postgres: PostgresProcess, pooled_service: ServiceProcess
) -> None:
    writers = [Writer(namespace) for namespace in WRITERS]
    async with calling(pooled_service.url) as [settings]:
        for _ in range(RESTARTS):
            await write_and_harm(lambda: restart(postgres), settings, writers, least=6)
            # The service is not restarted: it answers 503 until it is well again.
            await until_it_reads(settings)
            await check_all(settings, writers)


async def test_the_ledger_survives_a_restart_of_postgres_behind_the_pool(
    postgres: PostgresProcess,
) -> None:
    with running_pgbouncer(postgres.url, connections=2) as url:
        ledger = LedgerDatabase(url, timeout=LIMIT)
        counters = [LedgerCounter(ledger, f"batch-{number}") for number in range(4)]
        try:
            for one in counters:
                await one.begin()
            for _ in range(RESTARTS):
                await count_through(counters, lambda: restart(postgres))
            for one in counters:
                await one.check()
        finally:
            await ledger.aclose()


class LedgerCounter:
    """Counts the version of one title up, by what was acknowledged."""

    def __init__(self, ledger: LedgerDatabase, batch: str) -> None:
        self._ledger = ledger
        self._batch = batch
        self.sent = self.acknowledged = 1

    async def begin(self) -> None:
        row = {"batch_id": self._batch, "user_id": "anna", "title": "", "updated_at": ""}
        async with self._ledger.transaction() as connection:
            await connection.execute(titles.insert().values(row | {"version": 1}))

    async def count(self) -> None:
        """One step from what is stored; where it broke off, what is stored tells what was done."""
        try:
            async with self._ledger.transaction() as connection:
                query = select(titles.c.version).where(titles.c.batch_id == self._batch)
                found = int((await connection.execute(query)).scalar_one())
                assert self.acknowledged <= found <= self.sent, (
                    self.acknowledged,
                    found,
                    self.sent,
                )
                self.sent = found + 1
                change = update(titles).where(titles.c.batch_id == self._batch)
                await connection.execute(change.values(version=found + 1))
            self.acknowledged = found + 1
        except Unavailable:
            await asyncio.sleep(0.05)

    async def check(self) -> None:
        async with self._ledger.transaction() as connection:
            query = select(titles.c.version).where(titles.c.batch_id == self._batch)
            found = int((await connection.execute(query)).scalar_one())
        assert self.acknowledged <= found <= self.sent


async def count_through(counters: list[LedgerCounter], harm: Callable[[], None]) -> None:
    """Count in all of them while `harm` is done, until each of them counts again."""
    harmed = asyncio.Event()

    async def count(one: LedgerCounter) -> None:
        while not harmed.is_set():
            await one.count()
        before = one.acknowledged
        while one.acknowledged < before + 3:
            await one.count()

    async with asyncio.timeout(2 * LIMIT), asyncio.TaskGroup() as group:
        for one in counters:
            group.create_task(count(one))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(harm)
        harmed.set()
