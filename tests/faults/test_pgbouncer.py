"""PostgreSQL behind PgBouncer in transaction mode, as providers offer it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bff_core.composition import fan_out
from bff_core.database_url import DatabaseUrl
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.config_service.implementations.database import SqlDatabase
from services.config_service.migrations import migrate
from tests import local_servers
from tests.ports import free_port

BINARY = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
LIMIT = 30.0


@pytest.fixture
def pooled_url() -> Iterator[str]:
    """One server connection for all clients, so that a statement meets that of another."""
    binaries = local_servers.postgres_folder()
    if BINARY is None or binaries is None:
        pytest.skip("pgbouncer or PostgreSQL is not installed: transaction pools are not tried")
    with local_servers.running_postgres(binaries) as server, _pool(BINARY, server) as url:
        yield url


@contextlib.contextmanager
def _pool(binary: str, server: str) -> Iterator[str]:
    target, port = DatabaseUrl.parse(server).url, free_port()
    folder = Path(tempfile.mkdtemp(prefix="test-pgbouncer-"))
    user = "postgres" if os.geteuid() == 0 else None
    (folder / "users").write_text('"postgres" "p@ss/word"\n')
    (folder / "ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={target.port} pool_size=1\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {folder}/users\npool_mode = transaction\n"
    )
    if user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)
    process = subprocess.Popen(
        [binary, "-q", str(folder / "ini")], user=user, cwd=folder, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + LIMIT
        while not _listens(port):
            assert time.monotonic() < deadline, "pgbouncer did not start"
            time.sleep(0.05)
        yield f"postgres://postgres:p%40ss%2Fword@127.0.0.1:{port}/postgres?sslmode=disable"
    finally:
        process.terminate()
        process.wait(LIMIT)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_config_service_migrates_and_serves_behind_a_transaction_pool(
    pooled_url: str,
) -> None:
    databases = [SqlDatabase(DatabaseUrl.parse(pooled_url), max_wait=LIMIT) for _ in range(2)]
    try:
        assert await migrate(databases[0])

        async def value(database: SqlDatabase, number: int) -> int:
            statement = text(f"SELECT {number} + CAST(:one AS integer)")
            found = await database.read(lambda it: it.execute(statement, {"one": 1}))
            return int(found.scalar_one())

        async with fan_out() as group:
            calls = [group.create_task(value(databases[it % 2], it)) for it in range(40)]
        assert [call.result() for call in calls] == [number + 1 for number in range(40)]
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
