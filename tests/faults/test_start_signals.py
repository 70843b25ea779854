"""Signals while a process starts, and further ones while it stops."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests import child_process
from tests.faults.starting_process import (
    AUDIT_KEY,
    LIMIT,
    SERVICES,
    process_of,
    started,
    wait_until_listening,
)
from tests.ports import free_port


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
