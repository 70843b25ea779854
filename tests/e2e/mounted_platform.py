"""Processes of a platform-shaped tree, in which the lines of docs/platform.md are inserted."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import child_process
from tests.ports import free_port

TIMEOUT_SECONDS = 120.0


@dataclass
class Platform:
    """Source tree of the platform and the environment of its processes."""

    tree: Path
    env: dict[str, str]
    python: Path

    def run_module(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-m", *arguments],
            cwd=self.tree,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def identity_admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run_module("services.identity_admin", *arguments)

    @contextmanager
    def serving(self, service: str = "identity_service") -> Iterator[httpx.Client]:
        port, log = free_port(), self.tree / f"{service}.log"
        app = f"services.{service}.app:app"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self.python, "-m", "hypercorn", app, "--bind", f"127.0.0.1:{port}"],
                cwd=self.tree,
                env=self.env,
                stdout=output,
                stderr=output,
            )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                wait_until_ready(client, process, log)
                yield client
        finally:
            child_process.end(process, seconds=TIMEOUT_SECONDS)


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text())
