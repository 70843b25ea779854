"""The config service as a process that tests may kill."""

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.config_service_kit import ApiResponse, SettingsClient, environment
from tests.faults.module_process import ModuleProcess
from tests.ports import free_port

FULL = os.environ.get("FULL_ROUNDS") == "1"
"""FULL_ROUNDS=1 runs all rounds, as for a release; otherwise a tenth is run."""

COUNTER = """{
  "title": "Counter", "description": "Counts the writes of one writer.",
  "type": "object", "additionalProperties": false,
  "properties": {"count": {"type": "integer", "default": 0}}
}"""


def rounds(full: int) -> int:
    return full if FULL else max(1, full // 10)


def counters(folder: Path, *names: str) -> str:
    """Make a folder with one namespace for each writer."""
    namespaces = folder / "namespaces"
    namespaces.mkdir(exist_ok=True)
    for name in names:
        (namespaces / f"{name}.json").write_text(COUNTER)
    return str(namespaces)


class ServiceProcess(ModuleProcess):
    """The config service on its own port."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        port = free_port()
        env = environment(database_url, CONFIG_SERVICE_PORT=str(port), **more)
        super().__init__("services.config_service", folder, port, env)

    def command(
        self, *words: str, without: frozenset[str] = frozenset()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the service in another process, `without` variables of its environment."""
        env = {name: value for name, value in self._env.items() if name not in without}
        return subprocess.run(
            [sys.executable, "-m", "services.config_service", *words],
            env={"PATH": os.environ["PATH"], **env},
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
async def calling(*urls: str) -> AsyncIterator[list[SettingsClient]]:
    """Clients of services by URL; a broken connection raises OSError."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        yield [SettingsClient(_sender(session, url)) for url in urls]


def _sender(session: aiohttp.ClientSession, url: str) -> Any:
    async def send(
        method: str, path: str, *, headers: Mapping[str, str], json: Any = None
    ) -> ApiResponse:
        try:
            async with session.request(method, url + path, headers=headers, json=json) as answer:
                lowered = {name.lower(): value for name, value in answer.headers.items()}
                body = await answer.json() if await answer.read() else None
                return ApiResponse(answer.status, body, lowered)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ConnectionError(str(error)) from error

    return send


async def verified_length(settings: SettingsClient) -> int:
    """Verify the audit and return the number of its entries."""
    verdict = await settings.get("/v1/audit/verify")
    assert verdict.status == 200, verdict
    assert verdict.body["valid"], verdict.body
    return int(verdict.body["length"])
