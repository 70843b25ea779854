"""A PostgreSQL that writes to its disk as in production, and that a test may kill."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from devstack.supervisor.child import die_with_parent
from tests import local_servers
from tests.ports import free_port

START_SECONDS = 60.0


class PostgresProcess:
    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self._binaries = binaries
        self._folder = folder
        self._user = user
        self._port = str(free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    @classmethod
    @contextlib.contextmanager
    def made(cls) -> "Iterator[PostgresProcess]":
        """With an empty data folder; started by whoever wants it."""
        binaries = local_servers.postgres_folder()
        assert binaries is not None
        # Not in pytest's folder: root's folders cannot be entered by the user it drops to.
        folder = Path(tempfile.mkdtemp(prefix="test-postgres-"))
        user = "postgres" if os.geteuid() == 0 else None
        process = cls(binaries, folder, user)
        try:
            if user:
                shutil.chown(folder, user)
            process._initialise()
            yield process
        finally:
            process.kill()
            shutil.rmtree(folder, ignore_errors=True)

    def _initialise(self) -> None:
        where = ["-D", str(self._folder / "data")]
        how = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [str(self._binaries / "initdb"), *where, *how],
            check=True,
            capture_output=True,
            timeout=60,
            cwd=self._folder,
            user=self._user,
        )

    def start(self) -> None:
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data")]
        command += ["-p", self._port, "-clisten_addresses=127.0.0.1"]
        command += ["-cunix_socket_directories="]
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )
        asked = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", self._port]
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(asked, check=False, timeout=10).returncode != 0:
            assert time.monotonic() < deadline, (self._folder / "postgres.log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        # Its backends have groups of their own: all are killed by their id, as in a crash.
        family = [self._process.pid, *_children_of(self._process.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)
        _wait_until_gone(family)


def _children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_until_gone(pids: list[int]) -> None:
    """A new server does not start while one of them holds the shared memory."""
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "a backend survives"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    # A zombie that nobody has reaped yet holds nothing any more.
    return state != "Z"
