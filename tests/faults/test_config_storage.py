"""A full or read-only disk: 503 with a reason, nothing half-written, no restart needed."""

import asyncio
import contextlib
import json
import resource
import subprocess
import uuid
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.config_service_kit import ApiResponse, SettingsClient, fresh_postgres, sqlite_url
from tests.faults.config_service_process import ServiceProcess, calling, serving, verified_length

NS = "maintenance"


async def write(settings: SettingsClient, size: int = 1) -> ApiResponse:
    etag = (await settings.read(NS)).etag
    return await settings.put(NS, {"banner": {"sv": "x" * size}}, etag)


async def check_outage(settings: SettingsClient, reason: str) -> None:
    """Writes are refused with a reason, reads go on."""
    before = await settings.read(NS)
    refused = await write(settings, size=400)
    after = await settings.read(NS)

    assert (refused.status, refused.error["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert refused.error["details"] == {"reason": reason}
    assert refused.headers["retry-after"] == "1"
    assert (after.status, after.body, after.etag) == (200, before.body, before.etag)


async def check_recovery(settings: SettingsClient, length: int) -> None:
    """The audit is whole, and the next write succeeds."""
    assert await verified_length(settings) == length
    written = await write(settings)
    assert (written.status, written.body.get("version")) == (200, length + 1), written
    assert await verified_length(settings) == length + 1


def allow_file_size(service: ServiceProcess, size: int) -> None:
    _, most = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (size, most))


async def test_files_that_cannot_grow(tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_url(tmp_path)) as service:
        async with calling(service.url) as [settings]:
            assert (await write(settings)).status == 200

            # The log is a file too, so it is not read here: only the database must cope.
            allow_file_size(service, (tmp_path / "config.db-wal").stat().st_size)
            for _ in range(3):
                await check_outage(settings, "storage_failing")
            allow_file_size(service, resource.RLIM_INFINITY)

            await check_recovery(settings, length=1)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of one MiB; skipped where mounting is not allowed."""
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True, timeout=10).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=10)


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True, timeout=10)


def fill(place: Path) -> Path:
    filler = place / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    return filler


async def test_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path) as place, serving(tmp_path, sqlite_url(place)) as service:
        async with calling(service.url) as [settings]:
            assert (await write(settings)).status == 200

            filler = fill(place)
            for _ in range(3):
                await check_outage(settings, "storage_full")
            filler.unlink()

            await check_recovery(settings, length=1)


async def test_read_only_disk_from_the_start(tmp_path: Path) -> None:
    """The disk is remounted between two processes, because no file may be open for writing."""
    with small_disk(tmp_path) as place:
        with serving(tmp_path, sqlite_url(place)) as service:
            async with calling(service.url) as [settings]:
                assert (await write(settings)).status == 200
            # Killed, so that the write-ahead log stays behind: without it a reader needs to write.
            service.kill()
        remount(place, "ro")
        with serving(tmp_path, sqlite_url(place)) as service:
            async with calling(service.url) as [settings]:
                await check_outage(settings, "storage_read_only")
                remount(place, "rw")

                await check_recovery(settings, length=1)


async def execute(database_url: str, *statements: str) -> None:
    url = make_url(database_url)
    connection = await asyncpg.connect(
        host=url.host, port=url.port, user=url.username, database=url.database
    )
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_read_only_postgres(tmp_path: Path, fresh_database: str) -> None:
    name = make_url(fresh_database).database
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    with serving(tmp_path, fresh_database) as service:
        async with calling(service.url) as [settings]:
            assert (await write(settings)).status == 200

            read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
            await execute(fresh_database, read_only, others)
            await check_outage(settings, "storage_read_only")
            writable = f'ALTER DATABASE "{name}" RESET default_transaction_read_only'
            await execute(
                fresh_database, "SET default_transaction_read_only = off", writable, others
            )

            await check_recovery(settings, length=1)


@pytest.fixture
def fresh_database(postgres_url: str) -> str:
    return fresh_postgres(postgres_url)


async def test_database_that_is_away_at_start_is_one_line(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path, "postgresql://postgres@127.0.0.1:9/nothing")

    for command in (["serve"], ["migrate"], ["verify-audit"]):
        ended = service.command(*command)

        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "storage_unavailable" in ended.stderr


@pytest.mark.postgres
@pytest.mark.parametrize("command", ["serve", "migrate"])
async def test_a_role_without_the_right_to_make_tables_is_one_line(
    tmp_path: Path, fresh_database: str, command: str
) -> None:
    """Since PostgreSQL 15 only the owner of a database may, unless it is granted."""
    role = f"plain_{uuid.uuid4().hex}"
    await execute(fresh_database, f"CREATE ROLE {role} LOGIN")
    url = make_url(fresh_database).set(username=role).render_as_string(hide_password=False)

    ended = ServiceProcess(tmp_path, url).command(command)

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "(storage_unavailable: InsufficientPrivilegeError)" in ended.stderr


async def hang_up_after(seconds: float, call: Coroutine[Any, Any, ApiResponse]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await call


async def test_disconnecting_clients_leave_nothing_half_done(tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_url(tmp_path)) as service:
        async with calling(service.url) as [settings]:
            etag = (await settings.read(NS)).etag
            for delay in range(30):
                await hang_up_after(delay / 3000, settings.put(NS, {}, etag))
                etag = (await settings.read(NS)).etag

            # The last write that was hung up on may still be running at the read.
            answers = [await write(settings) for _ in range(3)]
            assert [answer.status for answer in answers[1:]] == [200, 200], answers
            assert await verified_length(settings) == answers[-1].body["version"]


async def test_commands_report_the_state_of_the_audit(tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_url(tmp_path)) as service:
        async with calling(service.url) as [settings]:
            await write(settings)
            head = (await settings.get("/v1/audit/verify")).body["head"]

        whole_one = service.command("verify-audit", "--head", head)
        another = service.command("verify-audit", "--head", "f" * 64)
        exported = service.command("export-audit")
        migrated = service.command("migrate")

    assert (whole_one.returncode, whole_one.stdout) == (0, f"valid: 1 entries, head {head}\n")
    assert another.returncode == 1
    assert "noted_head_missing" in another.stdout
    assert [json.loads(line)["mac"] for line in exported.stdout.splitlines()] == [head]
    assert (migrated.returncode, migrated.stdout) == (0, "the database is up to date\n")


async def test_commands_ask_only_for_the_secrets_that_they_use(tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_url(tmp_path)) as service:
        async with calling(service.url) as [settings]:
            await write(settings)

        of_others = frozenset({"JWT_SECRET_KEY", "HULEEDU_INTERNAL_API_KEY"})
        all_secrets = of_others | {"CONFIG_SERVICE_AUDIT_KEY"}
        verified = service.command("verify-audit", without=of_others)
        others = [service.command(one, without=all_secrets) for one in ("export-audit", "migrate")]
        unsealed = service.command("verify-audit", without=all_secrets)

    assert (verified.returncode, verified.stdout[:17]) == (0, "valid: 1 entries,")
    assert [one.returncode for one in others] == [0, 0]
    assert (unsealed.returncode, unsealed.stderr.count("\n")) == (2, 1)
    assert "CONFIG_SERVICE_AUDIT_KEY" in unsealed.stderr


async def test_bad_namespace_file_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "bad.json").write_text('{"type": "object"}')
    service = ServiceProcess(
        tmp_path, sqlite_url(tmp_path), CONFIG_SERVICE_NAMESPACE_DIRECTORY=str(folder)
    )

    ended = service.command("serve")

    assert ended.returncode == 2
    assert ended.stderr == f"cannot start: {folder / 'bad.json'}#/title: is required\n"
