"""Private instances of Redis and PostgreSQL for one test run, on free ports, ended by their id."""

import contextlib
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from devstack.supervisor.child import die_with_parent
from tests import child_process
from tests.ports import free_port

START_SECONDS = 30.0
INSTALLED_POSTGRES = Path("/usr/lib/postgresql")


@functools.cache
def redis_binary() -> str | None:
    return shutil.which("redis-server")


@functools.cache
def postgres_folder() -> Path | None:
    """Where initdb and postgres lie together; the newest version that is installed."""
    on_path = [Path(folder) for folder in os.get_exec_path()]
    installed = sorted(INSTALLED_POSTGRES.glob("*/bin"), key=_version, reverse=True)
    for folder in (*installed, *on_path):
        if all((folder / name).is_file() for name in ("initdb", "postgres", "pg_isready")):
            return folder
    return None


def version_line(binary: Path | str) -> str:
    told = subprocess.run(
        [str(binary), "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    return told.stdout.strip()


@contextlib.contextmanager
def running_redis(
    folder: Path,
    port: int | None = None,
    *,
    end: signal.Signals = signal.SIGINT,
    more: Sequence[str] = (),
) -> Iterator[str]:
    """A Redis that keeps nothing; without the binary a stand-in in Python. Gives its URL.

    On a free port, or on one that another has left; ended by a signal of choice. `more` are options
    of the real one.
    """
    port = port or free_port()
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    binary = redis_binary()
    command = (
        [binary, *settings, *more]
        if binary
        else [sys.executable, "-m", "devstack.supervisor.redis_server", str(port)]
    )
    with _running(command, lambda: _listens(port), folder / "redis.log", end=end):
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """A PostgreSQL that trusts everybody and syncs nothing. Gives its URL, for asyncpg."""
    # Not in pytest's folder: root's folders cannot be entered by the user it drops to.
    folder = Path(tempfile.mkdtemp(prefix="test-postgres-"))
    try:
        user = _unprivileged_user()
        if user is not None:
            shutil.chown(folder, user)
        yield from _serve_postgres(binaries, folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve_postgres(binaries: Path, folder: Path, user: str | None) -> Iterator[str]:
    data, port = str(folder / "data"), str(free_port())
    initdb = [str(binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust"]
    subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        timeout=60,
        cwd=folder,
        user=user,
    )
    off = [f"-c{name}=off" for name in ("fsync", "full_page_writes", "synchronous_commit")]
    local = ["-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
    command = [str(binaries / "postgres"), "-D", data, "-p", port, *off, *local]
    asked = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", port, "-t", "2"]
    with _running(command, lambda: _succeeds(asked), folder / "postgres.log", user):
        yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def _running(
    command: Sequence[str],
    ready: Callable[[], bool],
    log: Path,
    user: str | None = None,
    *,
    # PostgreSQL's fast shutdown; Redis takes it like a SIGTERM.
    end: signal.Signals = signal.SIGINT,
) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            user=user,
            preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
        )
    try:
        _wait_until(ready, process, log)
        yield
    finally:
        child_process.end(process, by=end)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start: {log.read_text()}")
        time.sleep(0.02)


def _unprivileged_user() -> str | None:
    """Whom to drop to; nobody in particular when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, timeout=10).returncode == 0


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0
