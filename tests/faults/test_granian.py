"""The same app on the documented faster server."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from benchmarks.contestants import GRANIAN, TEACHER
from tests.faults.platform_answers import BATCH_PAGE
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller
from tests.faults.tiny_process import LIMIT, environment, free_port, wait_for

pytest.importorskip("granian")


@contextmanager
def on_granian(folder: Path, urls: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port, output = free_port(), folder / "granian-output"
    own = {
        "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
    }
    place = ["--host", "127.0.0.1", "--port", str(port)]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", *GRANIAN, *place, TEACHER],
            env=environment(**(own | urls)),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output)
        yield process, port
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(LIMIT)


async def test_it_answers_refuses_and_ends_as_on_hypercorn(
    tmp_path: Path, platform: StubPlatform
) -> None:
    with on_granian(tmp_path, platform.urls) as (process, port):
        async with aiohttp.ClientSession() as session:
            caller = Caller(session, f"http://127.0.0.1:{port}")
            health, _, _ = await caller.get("/healthz")
            ready, _, _ = await caller.get("/ready")
            status, dashboard, headers = await caller.get("/v1/teacher/dashboard")
            missing, refusal, _ = await caller.get("/v1/teacher/nothing")
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        code = process.wait(LIMIT)

    assert (health, ready, status, missing) == (200, 200, 200, 404)
    assert len(dashboard["batches"]) == BATCH_PAGE.count(b'"batch_id"')
    assert "x-correlation-id" in headers
    assert refusal["error"]["code"] == "RESOURCE_NOT_FOUND"
    assert (code, time.monotonic() - started < LIMIT) == (0, True)
