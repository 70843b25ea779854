"""A primary of Redis with a replica and a Sentinel, as real processes."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.supervisor.child import die_with_parent
from tests import child_process
from tests.ports import free_port

SERVICE = "bff"
_MONITOR = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {service} 127.0.0.1 {primary} 1
sentinel down-after-milliseconds {service} 500
sentinel failover-timeout {service} 3000
"""


@dataclass
class SentinelSetup:
    """`primary` is the one at the start; the Sentinel names another when it is dead."""

    primary: subprocess.Popen[bytes]
    primary_port: int
    replica_port: int
    sentinel_port: int

    @property
    def url(self) -> str:
        """With a Sentinel before the real one that does not answer."""
        return (
            f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.sentinel_port}/{SERVICE}/0"
        )


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the block ends, however it ends."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
    )
    try:
        yield process
    finally:
        child_process.kill(process)


@contextlib.contextmanager
def sentinel_setup(binary: str, folder: Path) -> Iterator[SentinelSetup]:
    primary, replica, sentinel = free_port(), free_port(), free_port()
    base = [binary, "--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"]
    monitor = folder / "sentinel.conf"
    monitor.write_text(
        _MONITOR.format(port=sentinel, folder=folder, primary=primary, service=SERVICE)
    )
    with (
        running([*base, "--port", str(primary)], folder) as first,
        running([*base, "--port", str(replica), "--replicaof", "127.0.0.1", str(primary)], folder),
        running([binary, str(monitor), "--sentinel"], folder),
    ):
        yield SentinelSetup(first, primary, replica, sentinel)
