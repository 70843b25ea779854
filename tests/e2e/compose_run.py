"""The compose file's containers as plain processes: their commands, their environment, their order."""

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from bff_core.settings import ServiceSettings
from tests import child_process, local_servers
from tests.e2e.image_steps import ImageTree
from tests.ports import free_port
from tools.compose.documents import EXAMPLE, compose, module_of
from tools.compose.settings_rules import settings_of

START_SECONDS = 60.0
# A user whom no file names, as `--user` may give one to a container.
UNKNOWN_USER = 54321
# As a container is: the image read-only, /tmp in memory and without programs, no capabilities.
_CONFINED = (
    'mount -t tmpfs -o noexec,nosuid,nodev,size=64m tmpfs "$1" && '
    'mount --bind "$2" "$2" && mount -o remount,bind,ro "$2" && shift 2 && '
    f"exec setpriv --reuid={UNKNOWN_USER} --regid={UNKNOWN_USER} --clear-groups --no-new-privs "
    '--bounding-set=-all -- "$@"'
)
_HOST = re.compile(r"(?<=[/@])(?P<host>[a-z][a-z0-9_]*):(?P<port>\d+)")


def containers() -> dict[str, dict[str, Any]]:
    """The demo's, filled in as its one command does."""
    written = compose("--env-file", EXAMPLE, "config", "--format", "json")
    services: dict[str, dict[str, Any]] = json.loads(written)["services"]
    return services


@dataclass
class ComposeRun:
    """`images` by build target; `ports` by container; `data` is what stands for the volume."""

    images: Mapping[str, ImageTree]
    data: Path
    redis: str
    postgres: str
    confined: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=containers)

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in self.services}
        self.ports["redis"] = urlsplit(self.redis).port or 0
        self.ports["bff_postgres"] = urlsplit(self.postgres).port or 0

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def start(self) -> None:
        """Each when what it waits for is healthy, or has come to its end."""
        left = [name for name in self.services if "build" in self.services[name]]
        while left:
            ready = [name for name in left if not set(self._waits_for(name)) & set(left)]
            for name in ready:
                self._start(name)
            for name in ready:
                self._await(name)
            left = [name for name in left if name not in ready]

    def stop(self, name: str) -> int:
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def end(self) -> None:
        for process in self.processes.values():
            child_process.kill(process)

    def log(self, name: str) -> Path:
        return self.data.parent / f"{name}.log"

    def _waits_for(self, name: str) -> list[str]:
        return list(self.services[name].get("depends_on") or {})

    def _image(self, name: str) -> ImageTree:
        return self.images[self.services[name]["build"]["target"]]

    def _start(self, name: str) -> None:
        _, *arguments = self.services[name]["command"]
        image = self._image(name)
        command = [str(image.python), *arguments]
        with self.log(name).open("wb") as output:
            self.processes[name] = subprocess.Popen(
                confined(image, command) if self.confined else command,
                env=self.environment(name),
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def environment(self, name: str) -> dict[str, str]:
        """Exactly what the container has, with the addresses of this run."""
        image = self._image(name)
        given = self.services[name].get("environment") or {}
        said = image.environment | {
            variable: value for variable, value in given.items() if value is not None
        }
        here = {variable: self._here(image, value) for variable, value in said.items()}
        temporary = {"TMPDIR": str(image.folder / "tmp")} if self.confined else {}
        path = f"{image.python.parent}:/usr/bin:/bin"
        return {**here, **self._place(name), **temporary, "PATH": path}

    def _here(self, image: ImageTree, value: str) -> str:
        inside = image.inside(value).replace(str(image.folder / "data"), str(self.data))
        return _HOST.sub(self._moved, inside)

    def _moved(self, found: re.Match[str]) -> str:
        return f"127.0.0.1:{self.ports[found['host']]}"

    def _place(self, name: str) -> dict[str, str]:
        settings: type[ServiceSettings] | None = settings_of(
            module_of(self.services[name]["command"])
        )
        prefix = (settings.model_config.get("env_prefix") or "") if settings else "DEVSTACK_"
        return {f"{prefix}HOST": "127.0.0.1", f"{prefix}PORT": str(self.ports[name])}

    def _await(self, name: str) -> None:
        process = self.processes[name]
        if self.services[name].get("restart") == "no":
            assert process.wait(timeout=START_SECONDS) == 0, self.log(name).read_text()
            return
        until = time.monotonic() + START_SECONDS
        while not self.is_healthy(name):
            assert process.poll() is None, self.log(name).read_text()
            assert time.monotonic() < until, self.log(name).read_text()
            time.sleep(0.1)

    def is_healthy(self, name: str) -> bool:
        """As the container's own health check says, from inside of its image."""
        _, shell, script, _ = self.services[name]["healthcheck"]["test"]
        command = [shell, self._image(name).inside(script), str(self.ports[name])]
        asked = subprocess.run(command, cwd=self.data, capture_output=True, check=False, timeout=10)
        return asked.returncode == 0


@contextmanager
def running(images: Mapping[str, ImageTree], scratch: Path, binaries: Path) -> Iterator[ComposeRun]:
    """All of them, healthy; ended when the test is done."""
    with ExitStack() as stack:
        redis_folder = scratch / "redis"
        redis_folder.mkdir()
        redis = stack.enter_context(local_servers.running_redis(redis_folder))
        postgres = stack.enter_context(local_servers.running_postgres(binaries))
        asyncio.run(_prepare_database(postgres))
        data = scratch / "data"
        data.mkdir(mode=0o777)
        data.chmod(0o777)
        confined = can_confine(images["service"])
        run = ComposeRun(images, data, redis, postgres, confined)
        stack.callback(run.end)
        run.start()
        yield run


async def _prepare_database(url: str) -> None:
    """What the image of PostgreSQL makes of its variables."""
    wanted = containers()["bff_postgres"]["environment"]
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"CREATE ROLE {wanted['POSTGRES_USER']} LOGIN SUPERUSER")
        await connection.execute(f"CREATE DATABASE {wanted['POSTGRES_DB']}")
    finally:
        await connection.close()


def confined(image: ImageTree, command: Sequence[str]) -> list[str]:
    """The command in a mount namespace of its own, as `UNKNOWN_USER`; needs root."""
    temporary = image.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    shell = ["sh", "-c", _CONFINED, "confined", str(temporary), str(image.folder / "opt")]
    return ["unshare", "--mount", "--", *shell, *command]


def can_confine(image: ImageTree) -> bool:
    """False without root, without mount namespaces, or if only root may run the interpreter."""
    command = confined(image, [str(image.python), "-c", ""])
    try:
        return subprocess.run(command, cwd="/", check=False, timeout=10).returncode == 0
    except OSError:
        return False
