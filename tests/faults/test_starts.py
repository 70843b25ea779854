"""Starts that fail, and signals during them, of real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff_core.testing import SECRET
from tests import child_process
from tests.config_service_kit import fresh_postgres
from tests.ports import free_port

SERVICES = {
    "gateway": "API_GATEWAY_",
    "bff_teacher": "BFF_TEACHER_SERVICE_",
    "bff_admin": "BFF_ADMIN_SERVICE_",
    "config_service": "CONFIG_SERVICE_",
}
COMMON = {
    "PATH": os.environ["PATH"],
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}
AUDIT_KEY = {"CONFIG_SERVICE_AUDIT_KEY": "an-audit-key"}
NO_REDIS = "redis://127.0.0.1:9/0"
NO_POSTGRES = "postgres://u:secret@127.0.0.1:9/x"
LIMIT = 60.0
"""Seconds for a busy machine; the service itself gives up after five at most."""


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def process_of(service: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    """`more` with a leading underscore get the service's prefix."""
    prefix = SERVICES[service]
    own = {
        "_DATABASE_URL": f"sqlite:///{folder / 'config.db'}",
        "_AUDIT_KEY": "an-audit-key",
    }
    given = (own if service == "config_service" else {}) | more
    named = {
        f"{prefix}{name[1:]}" if name.startswith("_") else name: value
        for name, value in given.items()
    }
    return started([f"services.{service}"], named)


def started(module: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # A run in the background ignores SIGINT, and its processes would inherit that.
        ["env", "--default-signal=INT", sys.executable, "-m", *module],
        env=COMMON | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output_after(
    process: subprocess.Popen[str], silent: socket.socket, number: signal.Signals
) -> str:
    """The output of a process that gets a signal while it waits for a silent server."""
    silent.settimeout(LIMIT)
    try:
        with silent.accept()[0]:
            process.send_signal(number)
            output, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
        process.wait(LIMIT)
    return output


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("service", ["gateway", "bff_teacher", "bff_admin"])
def test_a_signal_while_the_app_starts_ends_it_in_order(
    service: str, number: signal.Signals, tmp_path: Path
) -> None:
    """A Redis that is silent holds the start, and later the stop."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        process = process_of(service, tmp_path, _PORT=str(free_port()), REDIS_URL=url)
        output = output_after(process, silent, number)

    assert process.returncode == 0, output
    assert "Traceback" not in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("identity_admin migrate up", "IDENTITY_SERVICE_DATABASE_URL"),
        ("identity_admin list-pending", "IDENTITY_SERVICE_DATABASE_URL"),
        ("config_service migrate", "CONFIG_SERVICE_DATABASE_URL"),
        ("config_service verify-audit", "CONFIG_SERVICE_DATABASE_URL"),
        ("bff_teacher migrate", "BFF_TEACHER_SERVICE_LEDGER_URL"),
    ],
)
def test_a_signal_ends_a_command_whose_database_is_silent(
    command: str, setting: str, number: signal.Signals
) -> None:
    service, *arguments = command.split()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://u:secret@127.0.0.1:{silent.getsockname()[1]}/x"
        process = started([f"services.{service}", *arguments], {setting: url, **AUDIT_KEY})
        output = output_after(process, silent, number)

    assert (process.returncode, output) == (128 + number, "")


@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
@pytest.mark.parametrize(
    "numbers", [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT,) * 3], ids=str
)
@pytest.mark.parametrize("service", ["bff_teacher"])
def test_further_signals_during_the_stop_leave_it_in_order(
    service: str, numbers: tuple[signal.Signals, ...], engine: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    process = process_of(service, tmp_path, _PORT=str(port), _SERVER=engine, REDIS_URL=redis_url)
    try:
        wait_until_listening(port)
        # Something is in flight: the stop waits for it.
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            for number in numbers:
                process.send_signal(number)
                time.sleep(0.05)
            output, _ = process.communicate(timeout=LIMIT)
    finally:
        child_process.kill(process)

    assert process.returncode == 0, output
    assert "Traceback" not in output


def wait_until_listening(port: int) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError


@pytest.mark.parametrize("seconds", [0.2, 1.5])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("service", SERVICES)
def test_a_signal_during_the_start_ends_the_process(
    service: str, number: signal.Signals, seconds: float, redis_url: str, tmp_path: Path
) -> None:
    process = process_of(service, tmp_path, _PORT=str(free_port()), REDIS_URL=redis_url)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
    finally:
        child_process.kill(process)
    assert process.returncode != -signal.SIGKILL
