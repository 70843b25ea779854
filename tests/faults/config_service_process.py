"""The config service as a real process that tests may kill, and databases that they may hurt."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from devstack.supervisor.child import die_with_parent
from tests.config_service_kit import Answered, Settings, environment

FULL = os.environ.get("FULL_ROUNDS") == "1"
"""Set it to 1 for the numbers that the service is released on; otherwise a tenth is run."""

START_SECONDS = 60.0
COUNTER = """{
  "title": "Counter", "description": "Counts the writes of one writer.",
  "type": "object", "additionalProperties": false,
  "properties": {"count": {"type": "integer", "default": 0}}
}"""


def rounds(full: int) -> int:
    return full if FULL else max(1, full // 10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def counters(folder: Path, *names: str) -> str:
    """A folder with one namespace for each writer."""
    namespaces = folder / "namespaces"
    namespaces.mkdir(exist_ok=True)
    for name in names:
        (namespaces / f"{name}.json").write_text(COUNTER)
    return str(namespaces)


class ServiceProcess:
    """One process on its own port; may be killed and started again."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"service-{self.port}.log"
        self._environment = environment(database_url, CONFIG_SERVICE_PORT=str(self.port), **more)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def spawn(self) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.config_service"],
                env=inherited | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )

    def wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.01)

    def start(self) -> None:
        self.spawn()
        self.wait_until_ready()

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(25)
        except subprocess.TimeoutExpired:
            self.kill()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of the service, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "services.config_service", *words],
            env={"PATH": os.environ["PATH"], **self._environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@contextlib.contextmanager
def serving(folder: Path, database_url: str, **more: str) -> Iterator[ServiceProcess]:
    process = ServiceProcess(folder, database_url, **more)
    try:
        process.start()
        yield process
    finally:
        process.stop()


@contextlib.asynccontextmanager
async def calling(*urls: str) -> AsyncIterator[list[Settings]]:
    """Callers of services by their URLs; a connection that breaks raises OSError."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        yield [Settings(_sender(session, url)) for url in urls]


def _sender(session: aiohttp.ClientSession, url: str) -> Any:
    async def send(
        method: str, path: str, *, headers: Mapping[str, str], json: Any = None
    ) -> Answered:
        try:
            async with session.request(method, url + path, headers=headers, json=json) as answer:
                lowered = {name.lower(): value for name, value in answer.headers.items()}
                body = await answer.json() if await answer.read() else None
                return Answered(answer.status, body, lowered)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ConnectionError(str(error)) from error

    return send


async def whole(settings: Settings) -> int:
    """How many entries the audit has; every one of them must stand."""
    verdict = await settings.get("/v1/audit/verify")
    assert verdict.status == 200, verdict
    assert verdict.body["valid"], verdict.body
    return int(verdict.body["length"])
