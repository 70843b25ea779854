"""A Python module run as a process that tests may kill."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from devstack.supervisor.child import die_with_parent
from tests import child_process

START_SECONDS = 60.0
DRAIN_SECONDS = 25.0


class ModuleProcess:
    """A module that listens on a port; it can be killed and restarted."""

    def __init__(self, module: str, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._module = module
        self._port = port
        self._env = dict(env)
        self._log = folder / f"{module}-{port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it accepts connections."""
        inherited = {
            name: os.environ[name] for name in ("PATH", "HOME", "FAST_PATH") if name in os.environ
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=inherited | self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.01)

    def kill(self) -> None:
        assert self._process is not None
        child_process.kill(self._process)

    def stop(self) -> None:
        """Stop the process with SIGTERM, if it runs."""
        if self._process is not None:
            child_process.end(self._process, seconds=DRAIN_SECONDS)

    @contextlib.contextmanager
    def running(self) -> Iterator["ModuleProcess"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()
