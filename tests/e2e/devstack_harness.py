"""The commands of `./dev` over a fake devstack, for tests."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from devstack.supervisor.stack import Home, is_free
from devstack.supervisor.state import read_state, start_time
from tests import child_process

FAKE = str(Path(__file__).with_name("fake_devstack.py"))
WAIT_SECONDS = 60.0


def eventually(claim: Callable[[], object]) -> None:
    """Wait until the claim is true; fail when it does not become so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def free_block(size: int) -> list[int]:
    """Neighbouring ports, all free, below those that the kernel hands out to anybody."""
    for _ in range(100):
        start = random.randrange(15_000, 30_000)
        block = list(range(start, start + size))
        if all(map(is_free, block)):
            return block
    raise RuntimeError("no free ports")


class FakeDevstack:
    """The commands of `./dev` over three tiny processes: base, middle, edge."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        # The rest of the block is for shifts.
        self.ports = free_block(12)[:3]
        self._started: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str, **modes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, FAKE, *arguments],
            env=self._env(modes),
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )

    def up(self, **modes: str) -> subprocess.Popen[str]:
        """Start in the foreground and wait until it is ready."""
        process = subprocess.Popen(
            [sys.executable, FAKE, "up"],
            env=self._env(modes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        eventually(lambda: process.poll() is not None or self.is_ready())
        return process

    def is_ready(self) -> bool:
        state = read_state(self.home)
        return state is not None and state.ready

    def pids(self) -> dict[str, int]:
        state = read_state(self.home)
        assert state is not None
        return {name: child.pid for name, child in state.children.items()}

    def log(self, name: str) -> str:
        return self.home.log(name).read_text()

    def is_serving(self, name: str) -> bool:
        port = self.ports[("base", "middle", "edge").index(name)]
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def close(self) -> None:
        state = read_state(self.home)
        if state is not None and state.supervisor.alive:
            os.kill(state.supervisor.pid, signal.SIGTERM)
            eventually(lambda: not state.supervisor.alive)
        for process in self._started:
            child_process.kill(process)
            process.communicate(timeout=WAIT_SECONDS)

    def _env(self, modes: dict[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "DEVSTACK_HOME": str(self.home.path),
            "FAKE_PORTS": ",".join(map(str, self.ports)),
            "COLUMNS": "200",
            **{f"FAKE_{name.upper()}": mode for name, mode in modes.items()},
        }


def gone(pids: dict[str, int]) -> bool:
    return all(start_time(pid) is None for pid in pids.values())
