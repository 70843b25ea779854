"""The teacher BFF as a process in front of stubs, and its callers."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer
from tests import child_process
from tests.faults.platform_answers import TEACHER
from tests.faults.tiny_process import Running, environment, wait_for
from tests.ports import free_port


@dataclass(frozen=True)
class Caller:
    """A teacher's front end; `lost` stands for the status of an answer that never came."""

    session: aiohttp.ClientSession
    url: str
    user: str = TEACHER

    async def get(self, path: str) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers in lower case."""
        token = bearer(access_token(self.user, now=self._signed_in()))
        async with self.session.get(self.url + path, headers={"Authorization": token}) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text()), headers

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """The same of a write; underscores in names of headers stand for hyphens."""
        token = bearer(access_token(self.user, now=self._signed_in()))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": token} | named
        async with self.session.post(self.url + path, json=body, headers=given) as answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, await answer.json(), told

    def _signed_in(self) -> datetime:
        """The last full minute, so that calls share a token."""
        return SystemClock().now().replace(second=0, microsecond=0)

    async def metrics(self) -> dict[str, float]:
        """Samples by name and labels, as they are written."""
        _, text, _ = await self.get("/metrics")
        lines = re.findall(r"^(\w\S*(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in lines}


@contextmanager
def teacher_process(
    folder: Path, urls: dict[str, str], module: str = "services.bff_teacher", **more: str
) -> Iterator[Running]:
    """`more` are settings without the service's prefix; REDIS_URL goes into `urls`."""
    port = free_port()
    output = folder / f"teacher-output-{port}"
    own = {f"BFF_TEACHER_SERVICE_{name}": value for name, value in more.items()}
    keys = {"HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests", "LOG_LEVEL": "ERROR"}
    place = {"BFF_TEACHER_SERVICE_PORT": str(port)}
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment(**(keys | place | urls | own)),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output)
        yield Running(process, port, output)
    finally:
        child_process.kill(process)


@contextmanager
def gateway_process(folder: Path, teacher_url: str) -> Iterator[Running]:
    """The gateway in front of a teacher BFF."""
    port = free_port()
    output = folder / f"gateway-output-{port}"
    place = {"API_GATEWAY_PORT": str(port), "BFF_TEACHER_URL": teacher_url, "LOG_LEVEL": "ERROR"}
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway"],
            env=environment(**place),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output)
        yield Running(process, port, output)
    finally:
        child_process.kill(process)
