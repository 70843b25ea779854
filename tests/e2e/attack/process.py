"""A real gateway process in front of whatever a test puts behind it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bff_core.testing import SECRET
from tests import child_process
from tests.e2e.attack.wire import RawResponse, ask, request
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
READY_WITHIN = 20.0
NOWHERE = "http://127.0.0.1:9"
GENEROUS = "1000000"


@dataclass(frozen=True)
class Gateway:
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    environment: Mapping[str, str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, raw: bytes, *, timeout: float = 10.0) -> RawResponse:
        return ask(self.port, raw, timeout=timeout)

    def lines(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines()


@contextmanager
def gateway(folder: Path, environment: Mapping[str, str]) -> Iterator[Gateway]:
    """The gateway on a free port until the block ends."""
    port = free_port()
    log = folder / f"gateway-{port}.log"
    settings = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}",
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "API_GATEWAY_PORT": str(port),
        "API_GATEWAY_USER_PER_MINUTE": GENEROUS,
        "API_GATEWAY_SIGN_IN_PER_MINUTE": GENEROUS,
        "API_GATEWAY_SESSION_PER_MINUTE": GENEROUS,
        "BFF_TEACHER_URL": NOWHERE,
        "BFF_ADMIN_URL": NOWHERE,
        "IDENTITY_SERVICE_URL": NOWHERE,
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway"],
            cwd=ROOT,
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, port, log)
        yield Gateway(port, process, log, environment)
    finally:
        child_process.end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            if ask(port, request("GET", "/ready"), timeout=1).status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the gateway did not start: {log.read_text('utf-8')}")
