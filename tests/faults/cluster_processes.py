"""A Redis Cluster of real processes on 127.0.0.1, which redis-cli puts together."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from devstack.supervisor.child import die_with_parent
from tests import local_servers
from tests.faults.redis_waits import eventually
from tests.ports import free_port

USER, PASSWORD = "bff", "cluster-secret"
ACL = (
    "~* &* -@all +@read +@write +@pubsub +@scripting +@connection +info +time "
    "+cluster|slots +cluster|info"
)
"""As docs/operations.md names it."""
NODE_TIMEOUT = 2000
"""Milliseconds of silence after which a server counts as dead."""
STARTED_SECONDS = 60


@dataclass
class ClusterSetup:
    """Servers by port; `tls` are the options with which redis-cli trusts them."""

    binary: str
    folder: Path
    options: Sequence[str] = ()
    tls: Sequence[str] = ()
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    bus: dict[int, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """All servers, after one that does not answer."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in (free_port(), *self.bus))
        scheme = "rediss+cluster" if self.tls else "redis+cluster"
        return f"{scheme}://{USER}:{PASSWORD}@{hosts}"

    def start(self, port: int) -> None:
        """Start a server, or one again that was killed: its part in the cluster is in a file."""
        if port in self.processes:
            self.processes[port].wait(10)
        bus, folder = self.bus.setdefault(port, free_port()), self.folder / str(port)
        folder.mkdir(exist_ok=True)
        listen = ["--port", "0", "--tls-port"] if self.tls else ["--port"]
        command = [self.binary, "--bind", "127.0.0.1", *listen, str(port)]
        command += ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
        command += ["--cluster-node-timeout", str(NODE_TIMEOUT), "--save", ""]
        command += ["--repl-diskless-sync-delay", "0", *self.options]
        command += ["--user", USER, "on", f">{PASSWORD}", *ACL.split(" ")]
        self.processes[port] = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
        )

    def create(self, replicas: int) -> None:
        """Make one cluster of all servers, once they listen."""
        for port in self.bus:
            self._wait_for(port)
        servers = [f"127.0.0.1:{port}@{bus}" for port, bus in self.bus.items()]
        options = ["--cluster-replicas", str(replicas), "--cluster-yes"]
        self.cli("--cluster", "create", *servers, *options)

    def add(self, port: int) -> None:
        """Let a server join as a master without slots."""
        known = next(iter(self.bus))
        self._wait_for(port)
        new = f"127.0.0.1:{port}@{self.bus[port]}"
        self.cli("--cluster", "add-node", new, f"127.0.0.1:{known}")

    def cli(self, *arguments: str) -> str:
        command = [str(shutil.which("redis-cli")), *self.tls, *arguments]
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=STARTED_SECONDS, check=False
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def _wait_for(self, port: int) -> None:
        until = time.monotonic() + STARTED_SECONDS
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"no Redis listens at port {port}")

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(10)

    async def until_well(self) -> None:
        """Wait until every server sees the whole cluster, and every replica its master."""

        async def is_well() -> bool:
            told = [await asked(port, "CLUSTER INFO") for port in self.bus]
            copies = [await replication(port) for port in self.bus]
            states = {(one["cluster_state"], int(one["cluster_known_nodes"])) for one in told}
            whole = states == {("ok", len(self.bus))}
            return whole and all(one.get("master_link_status", "up") == "up" for one in copies)

        await eventually(is_well)

    async def masters(self) -> list[int]:
        """Ports of the masters with slots."""
        return sorted({port for _, _, port in await self._ranges()})

    async def master_of(self, key: str) -> int | None:
        """The port of the server that holds a key; None while it is dead."""
        living = await self._living()
        slot = await asked(living, "CLUSTER KEYSLOT", key)
        holders = [port for first, last, port in await self._ranges() if first <= slot <= last]
        return holders[0] if holders else None

    async def _ranges(self) -> list[tuple[int, int, int]]:
        """First slot, last slot and port of the master, as a living server sees them."""
        async with Redis(port=await self._living()) as redis:
            nodes: dict[str, dict[str, Any]] = await redis.cluster("nodes")
        return [
            (int(slots[0]), int(slots[-1]), int(address.partition("@")[0].rpartition(":")[2]))
            for address, node in nodes.items()
            if "fail" not in node["flags"]
            for slots in node["slots"]
        ]

    async def _living(self) -> int:
        return next(port for port, process in self.processes.items() if process.poll() is None)


async def asked(port: int, *command: str | int) -> Any:
    async with Redis(port=port) as redis:
        return await redis.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py has no type here


async def replication(port: int) -> dict[str, Any]:
    async with Redis(port=port) as redis:
        return await redis.info("replication")


@contextlib.contextmanager
def servers(
    folder: Path, number: int, options: Sequence[str] = (), tls: Sequence[str] = ()
) -> Iterator[ClusterSetup]:
    """So many servers that belong to no cluster yet, until the block ends."""
    binary = local_servers.redis_binary()
    if binary is None or shutil.which("redis-cli") is None:
        pytest.skip("no redis-server or redis-cli here: install the package redis-server")
    setup = ClusterSetup(binary, folder, options, tls)
    try:
        for _ in range(number):
            setup.start(free_port())
        yield setup
    finally:
        setup.end()
