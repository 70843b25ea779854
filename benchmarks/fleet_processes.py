"""Replicas of each service before the emulated platform, on one Redis and one PostgreSQL."""

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.environment import inherited_environment
from devstack.supervisor.processes import PLAN
from tests.e2e.killable_stack import KillableStack, killable_stack
from tests.faults.postgres_process import PostgresProcess
from tests.ports import free_port

PREFIXES = {
    "config_service": "CONFIG_SERVICE",
    "bff_admin": "BFF_ADMIN_SERVICE",
    "bff_teacher": "BFF_TEACHER_SERVICE",
    "gateway": "API_GATEWAY",
}
SERVICES = tuple(PREFIXES)
UNUSED = (*SERVICES, "websocket")
READY_SECONDS = 90.0
STOP_SECONDS = 40.0
DRAIN_SECONDS = 5
"""The services' own default outside development."""


@dataclass
class Replica:
    """One process of a service, which keeps its port when it is started again."""

    service: str
    number: int
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                PLAN_COMMANDS[self.service],
                env=self.environment,
                cwd=CODE_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        """Wait for `/ready`.

        Raises:
            RuntimeError: The process ended, or took too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{self.service} ended: see {self.log}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.service} is not ready: see {self.log}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """As an orchestrator does: SIGTERM, then SIGKILL when the time is up."""
        self.send(signal.SIGTERM)
        self.wait_until_ended()

    def wait_until_ended(self) -> None:
        assert self.process is not None
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)


PLAN_COMMANDS: dict[str, Sequence[str]] = {
    spec.name: spec.command(None)  # type: ignore[arg-type]  # these commands need no stack
    for spec in PLAN.processes
    if spec.name in SERVICES
}


@dataclass
class Fleet:
    """`platform` has the edge's ports in place of the services'."""

    platform: KillableStack
    postgres: PostgresProcess
    replicas: dict[str, list[Replica]]

    @property
    def edge_ports(self) -> dict[str, int]:
        return {name: self.platform.running.ports[name] for name in SERVICES}

    @property
    def replica_ports(self) -> dict[str, list[int]]:
        return {name: [one.port for one in found] for name, found in self.replicas.items()}

    def everyone(self) -> Iterator[Replica]:
        for replicas in self.replicas.values():
            yield from replicas

    def start(self) -> None:
        """Start the services in the order of their dependencies, one replica after the other."""
        for replica in self.everyone():
            replica.start()
            replica.wait_until_ready()


@contextmanager
def running_fleet(folder: Path, number: int) -> Iterator[Fleet]:
    """The platform, Redis and PostgreSQL; replicas are made and not started."""
    with PostgresProcess.made() as postgres, killable_stack(folder, without=UNUSED) as platform:
        postgres.start()
        platform.start_all()
        platform.wait_until_ready()
        replicas = {
            service: [_replica(platform, postgres, service, at, number) for at in range(number)]
            for service in SERVICES
        }
        fleet = Fleet(platform, postgres, replicas)
        try:
            yield fleet
        finally:
            for replica in fleet.everyone():
                replica.close()


def _replica(
    platform: KillableStack, postgres: PostgresProcess, service: str, at: int, number: int
) -> Replica:
    prefix, port = PREFIXES[service], free_port()
    spec = next(one for one in PLAN.processes if one.name == service)
    own = {
        "bff_teacher": {
            "BFF_TEACHER_SERVICE_LEDGER_URL": postgres.url,
            "BFF_TEACHER_SERVICE_LIVE__PER_USER": "100",
            "BFF_TEACHER_SERVICE_MAX_IN_FLIGHT_PER_USER": "256",
        },
        "config_service": {"CONFIG_SERVICE_DATABASE_URL": postgres.url},
        # The few users of the demo stand for many.
        "gateway": {
            "API_GATEWAY_USER_PER_MINUTE": "1000000",
            "API_GATEWAY_MAX_IN_FLIGHT_PER_USER": "1024",
        },
    }
    environment = {
        **inherited_environment(),
        **spec.env(platform.running),
        **own.get(service, {}),
        f"{prefix}_PORT": str(port),
        f"{prefix}_SHUTDOWN_DELAY": str(DRAIN_SECONDS),
        "REPLICAS": str(number),
        "LOG_LEVEL": "WARNING",
    }
    log = platform.running.home.log(f"{service}-{at}")
    return Replica(service, at, port, environment, log)
