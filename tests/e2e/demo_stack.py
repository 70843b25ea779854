"""The devstack as people start it, and its users, for tests that go through the front door."""

import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from devstack.ports import is_free
from devstack.processes import PLAN
from devstack.seed import PASSWORD, Person


def free_offset() -> int:
    """A shift that leaves every port free, and below those that the kernel hands out."""
    for _ in range(100):
        offset = random.randrange(10_000, 24_000)
        if all(is_free(process.port + offset) for process in PLAN.processes):
            return offset
    raise RuntimeError("no free ports")


@dataclass
class DemoStack:
    """A running devstack; `gateway` and the rest are base URLs."""

    home: Path
    offset: int
    _tokens: dict[str, str] = field(default_factory=dict)

    def url(self, port: int) -> str:
        return f"http://127.0.0.1:{port + self.offset}"

    @property
    def gateway(self) -> str:
        return self.url(8080)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of `./dev`, on this stack's own folder."""
        return subprocess.run(
            [sys.executable, "-m", "devstack", *words, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def token(self, person: Person) -> str:
        """Sign in at the gateway, once a person."""
        if person.email not in self._tokens:
            body = {"email": person.email, "password": PASSWORD}
            answer = httpx.post(f"{self.gateway}/v1/auth/login", json=body, timeout=10)
            assert answer.status_code == 200, answer.text
            self._tokens[person.email] = answer.json()["access_token"]
        return self._tokens[person.email]

    def get(self, person: Person, path: str, **params: Any) -> httpx.Response:
        """Read a teacher screen through the gateway."""
        return self._get(f"{self.gateway}/bff/v1/teacher{path}", person, params)

    def get_directly(self, person: Person, path: str, **params: Any) -> httpx.Response:
        """Read a teacher screen from the BFF itself: no limit of the gateway stands before it."""
        return self._get(f"{self.url(4101)}/v1/teacher{path}", person, params)

    def _get(self, url: str, person: Person, params: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        return httpx.get(url, params=params, headers=headers, timeout=10)
