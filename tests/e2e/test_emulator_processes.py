"""The emulators as real processes: seed, start, answer, and a clean end at SIGTERM."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from devstack.seed.people import ANNA
from tests import child_process
from tests.ports import free_port

KEY = "process-test-internal-key"


def fetch(port: int, path: str) -> bytes:
    headers = {"X-Internal-API-Key": KEY, "X-Service-ID": "bff-teacher-service", "X-User-ID": "u"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return bytes(answer.read())


def wait_until_healthy(port: int) -> None:
    for _ in range(600):
        try:
            fetch(port, "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the emulator did not answer within 60 s")


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("ras", f"/internal/v1/batches/user/{ANNA.user_id}?limit=1", "pagination"),
        ("cms", "/v1/classes/", "pagination"),
        ("files", "/v1/files/batch/x/state", "lock_status"),
        ("content", "/healthz", "correlation_id"),
    ],
)
def test_seeded_emulator_answers_and_ends_at_sigterm(
    tmp_path: Path, name: str, path: str, key: str
) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "DEVSTACK_DATA_DIR": str(tmp_path / "data"),
        "DEVSTACK_PORT": str(port),
        "HULEEDU_INTERNAL_API_KEY": KEY,
        "CACHE_ENABLED": "false",
    }
    seed = [sys.executable, "-m", "devstack.seed", "--fresh"]
    subprocess.run(seed, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", f"devstack.emulators.{name}"]

    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_until_healthy(port)
            body = json.loads(fetch(port, path))
        finally:
            child_process.end(process)
            _, complaints = process.communicate(timeout=10)

    assert key in body
    assert process.returncode == 0
    assert b"Traceback" not in complaints
