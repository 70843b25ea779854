"""The chart's Jobs, run as they are rendered, against PostgreSQL."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from tests import child_process
from tests.chart_kit import given, needs_helm, of_kind
from tests.config_service_kit import fresh_postgres
from tools.chart.manifests import Manifest, rendered

pytestmark = needs_helm

TABLES = {
    "bff_teacher_migration": {"bff_teacher_ledger_version", "bff_teacher_confirmation_attempts"},
    "config_service_migration": {"config_alembic_version"},
}
DATABASES = ("BFF_TEACHER_SERVICE_LEDGER_URL", "CONFIG_SERVICE_DATABASE_URL")
DEADLINE_SECONDS = 60


def jobs() -> dict[str, Manifest]:
    return of_kind(rendered({}), "Job")


def started(job: Manifest, database: str, folder: Path) -> "subprocess.Popen[str]":
    """The process of a Job's container; its secrets are files of a folder."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    variables = given(job, folder, **dict.fromkeys(DATABASES, database))
    return subprocess.Popen(
        [sys.executable, *container["command"][1:]],
        env={"PATH": os.environ["PATH"]} | variables,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        child_process.kill(process)
    return process.returncode, output


async def tables(url: str) -> set[str]:
    server = make_url(url)
    connection: Any = await asyncpg.connect(
        host=server.host, port=server.port, user=server.username, database=server.database
    )
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


@pytest.mark.postgres
@pytest.mark.parametrize("name", TABLES)
def test_jobs_at_once_make_the_tables_once(name: str, postgres_url: str, tmp_path: Path) -> None:
    database = fresh_postgres(postgres_url)
    job = jobs()[name]
    processes = [started(job, database, tmp_path) for _ in range(3)]

    results = [ended(process) for process in processes]

    assert [code for code, _ in results] == [0, 0, 0], results
    assert asyncio.run(tables(database)) >= TABLES[name]


@pytest.mark.parametrize("name", TABLES)
def test_job_without_a_database_fails_in_one_line(name: str, tmp_path: Path) -> None:
    nowhere = "postgresql://user@127.0.0.1:9/none"

    code, output = ended(started(jobs()[name], nowhere, tmp_path))

    assert code == 2
    assert len(output.splitlines()) == 1
    assert output.startswith("cannot do it:")


@pytest.mark.postgres
def test_job_refuses_tables_of_another_release(postgres_url: str, tmp_path: Path) -> None:
    database = fresh_postgres(postgres_url)
    job = jobs()["bff_teacher_migration"]
    assert ended(started(job, database, tmp_path))[0] == 0
    asyncio.run(_age(database))

    code, output = ended(started(job, database, tmp_path))

    assert code == 2
    assert "LedgerSchemaMismatch" in output


async def _age(url: str) -> None:
    server = make_url(url)
    connection: Any = await asyncpg.connect(
        host=server.host, port=server.port, user=server.username, database=server.database
    )
    try:
        await connection.execute("UPDATE bff_teacher_ledger_version SET version = version + 1")
    finally:
        await connection.close()
