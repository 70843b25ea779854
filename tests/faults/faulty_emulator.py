"""An emulator as a real process, made to go wrong over its own door."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests import child_process
from tests.ports import free_port

START_SECONDS = 20.0


class FaultyEmulator:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.address = ("127.0.0.1", port)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5)

    def get(self, path: str, timeout: float = 5.0) -> httpx.Response:
        return self.client.get(path, headers={"X-User-ID": "u1"}, timeout=timeout)

    def set(self, *faults: str, seed: int = 0) -> None:
        """Have these faults and no others."""
        answer = self.order("PUT", {"faults": faults, "seed": seed})
        assert answer.status_code == 200, answer.text

    def order(self, method: str, body: Any = None) -> httpx.Response:
        return self.client.request(method, "/_devstack/faults", json=body)

    def raw(self, path: str) -> bytes:
        """All bytes that come back until the connection closes."""
        with socket.create_connection(self.address, timeout=5) as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: cms\r\nX-User-ID: u1\r\n\r\n"
            connection.sendall(head.encode())
            return b"".join(iter(lambda: connection.recv(4096), b""))

    def logged(self) -> list[str]:
        requests = self.client.get("/_devstack/requests").json()["requests"]
        return [request["path"] for request in requests]

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, "the emulator ended"
            assert time.monotonic() < deadline, "the emulator did not answer in time"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def faulty_emulator(name: str, folder: Path) -> Iterator[FaultyEmulator]:
    """A seeded emulator on a free port, ended at the end."""
    port = free_port()
    environment = {
        **os.environ,
        "DEVSTACK_DATA_DIR": str(folder),
        "DEVSTACK_PORT": str(port),
        "HULEEDU_INTERNAL_API_KEY": "fault-test-internal-key",
    }
    seed = [sys.executable, "-m", "devstack.seed", "--fresh"]
    subprocess.run(seed, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", f"devstack.emulators.{name}"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    emulator = FaultyEmulator(port, process)
    try:
        emulator.wait_until_ready()
        yield emulator
    finally:
        emulator.client.close()
        child_process.end(process)
