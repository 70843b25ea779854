"""Starts of real processes that fail."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff_core.testing import SECRET
from tests import child_process
from tests.config_service_kit import fresh_postgres
from tests.faults.starting_process import (
    COMMON,
    LIMIT,
    SERVICES,
    process_of,
    started,
    wait_until_listening,
)
from tests.ports import free_port

NO_REDIS = "redis://127.0.0.1:9/0"
NO_POSTGRES = "postgres://u:secret@127.0.0.1:9/x"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def refusal_of(process: subprocess.Popen[str]) -> str:
    try:
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        child_process.kill(process)
    assert process.returncode == 2, output
    (line,) = output.splitlines()
    assert line.startswith("cannot start: ")
    return line


@pytest.mark.parametrize(
    ("service", "engine"),
    [
        (service, engine)
        for service in SERVICES
        for engine in ("hypercorn", "granian")
        if (service, engine) != ("gateway", "hypercorn")
    ],
)
def test_a_taken_port_is_one_line_and_exit_code_2(
    service: str, engine: str, taken_port: int, redis_url: str, tmp_path: Path
) -> None:
    process = process_of(
        service, tmp_path, _PORT=str(taken_port), _SERVER=engine, REDIS_URL=redis_url
    )

    assert refusal_of(process).endswith(
        f": cannot listen on 127.0.0.1:{taken_port}: Address already in use"
    )


def test_the_gateway_refuses_a_server_that_hides_the_method(tmp_path: Path) -> None:
    refusal = refusal_of(process_of("gateway", tmp_path, _SERVER="hypercorn"))

    assert "API_GATEWAY_SERVER" in refusal
    assert "must be granian" in refusal


@pytest.mark.parametrize(
    ("service", "wrong"),
    [
        ("gateway", {"REDIS_URL": "redis://localhost:port/0"}),
        ("bff_admin", {"JWT_ALGORITHM": "RS256", "JWT_SECRET_KEY": "", "JWT_PUBLIC_KEY": "-"}),
        ("bff_teacher", {"_STATIC_DIR": "/no/such/folder"}),
        ("bff_teacher", {"_UPLOAD_DIR": "/no/such/folder"}),
        ("bff_admin", {"_HOST": ""}),
        ("config_service", {"_NAMESPACE_DIRECTORY": "/no/such/folder"}),
        ("config_service", {"_DATABASE_URL": "postgres://u:secret@127.0.0.1:9/x"}),
        ("config_service", {"_DATABASE_URL": "sqlite:////no/such/folder/x.db"}),
    ],
)
def test_what_is_missing_at_start_is_one_line_and_exit_code_2(
    service: str, wrong: dict[str, str], tmp_path: Path
) -> None:
    assert "secret" not in refusal_of(process_of(service, tmp_path, **wrong))


@pytest.mark.parametrize(
    ("service", "wrong", "named"),
    [
        ("gateway", {}, "REDIS_URL"),
        ("gateway", {"REDIS_URL": NO_REDIS}, "API_GATEWAY_SESSION_KEYS"),
        ("bff_teacher", {"_LEDGER_URL": NO_POSTGRES}, "REDIS_URL"),
        ("bff_teacher", {"REDIS_URL": NO_REDIS}, "BFF_TEACHER_SERVICE_LEDGER_URL"),
        ("config_service", {}, "CONFIG_SERVICE_DATABASE_URL"),
    ],
)
def test_replicas_that_share_too_little_are_one_line_and_exit_code_2(
    service: str, wrong: dict[str, str], named: str, tmp_path: Path
) -> None:
    refusal = refusal_of(process_of(service, tmp_path, REPLICAS="2", **wrong))

    assert refusal.startswith(f"cannot start: {named} ")


@pytest.mark.parametrize("service", SERVICES)
def test_one_replica_of_several_starts_with_what_they_share(
    service: str, redis_url: str, postgres_url: str, tmp_path: Path
) -> None:
    port, shared = free_port(), fresh_postgres(postgres_url)
    own = {
        "gateway": {"_SESSION_KEYS": SECRET},
        "bff_teacher": {"_LEDGER_URL": shared},
        "bff_admin": {},
        "config_service": {"_DATABASE_URL": shared},
    }[service]
    process = process_of(
        service, tmp_path, _PORT=str(port), REPLICAS="2", REDIS_URL=redis_url, **own
    )
    try:
        wait_until_listening(port)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=LIMIT)

    assert process.returncode == 0, output


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("postgres://u:secret@127.0.0.1:9/x", 1, "failed: "),
        ("postgresql://u:secret@127.0.0.1:9/x?sslmode=x", 2, "cannot start: "),
    ],
    ids=["away", "never"],
)
@pytest.mark.parametrize("command", [["migrate", "up"], ["list-pending"]], ids=" ".join)
def test_a_command_without_its_database_is_one_line(
    command: list[str], url: str, code: int, reason: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.identity_admin", *command],
        env=COMMON | {"IDENTITY_SERVICE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    assert ended.returncode == code
    (line,) = ended.stderr.splitlines()
    assert line.startswith(reason)
    assert "secret" not in ended.stdout + line


@pytest.mark.postgres
def test_a_migration_without_the_database_it_names_says_so(postgres_url: str) -> None:
    url = f"{postgres_url.rpartition('/')[0]}/no_such_database"
    migration = ["services.identity_admin", "migrate", "up"]
    process = started(migration, {"IDENTITY_SERVICE_DATABASE_URL": url})

    try:
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        child_process.kill(process)

    failed = "failed: database error InvalidCatalogNameError; try again\n"
    assert (process.returncode, output) == (1, failed)
