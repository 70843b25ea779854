"""PgBouncer in transaction mode, as providers put it before PostgreSQL."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff_core.database_url import DatabaseUrl
from devstack.supervisor.child import die_with_parent
from tests import child_process
from tests.ports import free_port

BINARY = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
LIMIT = 30.0
PASSWORD = "p@ss/word"


def require_pgbouncer() -> None:
    """Skip the test where it is not installed."""
    if BINARY is None:
        pytest.skip("pgbouncer is not installed: transaction pools are not tried")


@contextlib.contextmanager
def running_pgbouncer(server: str, *, connections: int = 1) -> Iterator[str]:
    """A pool before all databases of a server; gives the URL of the one in `server`.

    With one server connection for all clients, a statement meets that of another.
    """
    assert BINARY is not None
    target, port = DatabaseUrl.parse(server).url, free_port()
    folder = Path(tempfile.mkdtemp(prefix="test-pgbouncer-"))
    user = "postgres" if os.geteuid() == 0 else None
    (folder / "users").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={target.port} pool_size={connections}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {folder}/users\npool_mode = transaction\n"
        # As docs/operations.md says: it would refuse everybody for 15 s after a failed attempt.
        "server_login_retry = 1\n"
    )
    if user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)
    process = subprocess.Popen(
        [BINARY, "-q", str(folder / "ini")],
        user=user,
        cwd=folder,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
    )
    try:
        deadline = time.monotonic() + LIMIT
        while not _listens(port):
            assert time.monotonic() < deadline, "pgbouncer did not start"
            time.sleep(0.05)
        address = f"postgres:p%40ss%2Fword@127.0.0.1:{port}/{target.database}"
        yield f"postgres://{address}?sslmode=disable"
    finally:
        child_process.end(process, seconds=LIMIT)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
