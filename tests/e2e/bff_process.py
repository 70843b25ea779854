"""One teacher BFF as a process of its own, which a test may end as roughly as it likes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import child_process
from tests.ports import free_port

START_SECONDS = 30.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class BffProcess:
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        """Without a word of warning."""
        child_process.kill(self.process)

    def wait_for_its_end(self) -> int:
        return self.process.wait(timeout=20)


@contextmanager
def bff_process(
    folder: Path, environ: Mapping[str, str], *, module: str = "services.bff_teacher"
) -> Iterator[BffProcess]:
    """Started and ready; ended when the test is done, if it is still there."""
    port = free_port()
    log = folder / f"bff-{port}.log"
    basics = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "FAST_PATH")
        if name in os.environ
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env={**basics, **environ, "BFF_TEACHER_SERVICE_PORT": str(port)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    bff = BffProcess(process, f"http://127.0.0.1:{port}", log)
    try:
        _wait_until_ready(bff)
        yield bff
    finally:
        child_process.end(process)


def _wait_until_ready(bff: BffProcess) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert bff.process.poll() is None, bff.log.read_text()
        try:
            if httpx.get(f"{bff.url}/healthz", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(bff.log.read_text())
