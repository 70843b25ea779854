"""The devstack as people start it, and its users, for tests that go through the front door."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import httpx

from devstack.faults.client import order_faults
from devstack.seed import PASSWORD, DemoUser
from devstack.supervisor.keys import load_keys
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import Home, is_free
from devstack.supervisor.state import read_state
from devstack.tokens import Hs256, mint
from tests.e2e.patience import patiently
from tests.e2e.secrets_check import require_no_secret

COMMAND_SECONDS = 300
"""A start may build the screens, too."""
END_SECONDS = 30.0
OFFSET_STEP = 61
"""No two ports of the devstack differ by a multiple: stacks at other steps share none."""


def free_offset() -> int:
    """A shift that leaves every port free, below those of `tests.ports`, and for this process only."""
    for _ in range(100):
        offset = random.randrange(10_000, 18_000, OFFSET_STEP)
        if _reserve(offset) and all(is_free(one.port + offset) for one in PLAN.processes):
            return offset
    raise RuntimeError("no free ports")


def _reserve(offset: int) -> bool:
    """Keep the shift until this process ends: another one's stack may not be listening yet."""
    lock = os.open(Path(gettempdir()) / f"test-stack-{offset}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True


@contextmanager
def demo_stack(home: Path, *words: str) -> Iterator[tuple["DemoStack", str]]:
    """A stack that is started with these words of `./dev up`, and all that the start has said."""
    stack = DemoStack(home, free_offset())
    try:
        started = stack.command("up", "--detach", "--port-offset", str(stack.offset), *words)
        said = started.stdout + started.stderr
        assert started.returncode == 0, said
        yield stack, said
    finally:
        stack.end()


@dataclass
class DemoStack:
    """A running devstack; `gateway` and the rest are base URLs."""

    home: Path
    offset: int

    def url(self, port: int) -> str:
        return f"http://127.0.0.1:{port + self.offset}"

    @property
    def gateway(self) -> str:
        return self.url(8080)

    @property
    def teacher_doors(self) -> tuple[str, ...]:
        """Base URLs of `/v1/teacher`; the last one bypasses the gateway's limit."""
        return (f"{self.gateway}/bff", f"{self.url(4101)}/bff", self.url(4101))

    @property
    def admin_doors(self) -> tuple[str, ...]:
        return (f"{self.gateway}/bff/v1/admin", f"{self.url(4102)}/v1/admin")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of `./dev`, on this stack's own folder.

        Batches move only with `--scenario`, and CMS names classes without `--as-shipped`: tests
        compare with the seed. The screens are built with `--web` only, and the platform's events
        are published with `--kafka` only: most tests are about what the services' routes tell.
        """
        if words[0] == "up" and "--scenario" not in words:
            words = (*words, "--no-scenario")
        if words[0] == "up" and "--as-shipped" not in words:
            words = (*words, "--cms-class-info", "fixed")
        if words[0] == "up" and "--web" not in words:
            words = (*words, "--no-web")
        if words[0] == "up" and "--kafka" not in words:
            words = (*words, "--no-kafka")
        return subprocess.run(
            [sys.executable, "-m", "devstack", *words, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def end(self) -> None:
        """End it at once, as a power cut would: its processes die with their supervisor.

        `./dev down` is for the tests of the command; it costs 4 s of CPU.
        """
        state = read_state(Home(self.home))
        if state is None:
            return
        if state.supervisor.alive:
            os.kill(state.supervisor.pid, signal.SIGKILL)
        deadline = time.monotonic() + END_SECONDS
        while any(one.alive for one in (state.supervisor, *state.children.values())):
            assert time.monotonic() < deadline, "a process survives its supervisor"
            time.sleep(0.02)

    def fault(self, *words: str) -> None:
        """One order of `./dev fault`, without its process: SERVICE KIND…, or clear [SERVICE]."""
        ports = PLAN.ports(self.offset)
        order_faults(PLAN.emulated_names(), ports.__getitem__, words)

    def identity_command(self, *words: str) -> None:
        """One command of identity_admin, on this stack's own accounts."""
        keys = load_keys(self.home / "keys.json")
        database = f"sqlite+aiosqlite:///{self.home}/data/identity.db"
        given = {
            **os.environ,
            "ENVIRONMENT": "development",
            "IDENTITY_SERVICE_DATABASE_URL": database,
            "HULEEDU_INTERNAL_API_KEY": keys.internal_api_key,
            "JWT_SECRET_KEY": keys.jwt_secret,
        }
        command = [sys.executable, "-m", "services.identity_admin", *words]
        subprocess.run(command, env=given, timeout=60, check=True)

    def token(self, person: DemoUser) -> str:
        """As Identity would sign it: its limit on sign-ins is not what most tests are about."""
        secret = load_keys(self.home / "keys.json").jwt_secret
        return mint(person, Hs256(secret), now=datetime.now(UTC))

    def sign_in(self, email: str) -> httpx.Response:
        """Sign in at the gateway; Identity allows five a minute."""
        body = {"email": email, "password": PASSWORD}
        return httpx.post(f"{self.gateway}/v1/auth/login", json=body, timeout=10)

    def get(self, person: DemoUser, path: str, **params: Any) -> httpx.Response:
        """Read a teacher screen through the gateway."""
        return self._get(f"{self.gateway}/bff/v1/teacher{path}", person, params)

    def get_directly(self, person: DemoUser, path: str, **params: Any) -> httpx.Response:
        """Read a teacher screen from the BFF itself: no limit of the gateway stands before it."""
        return self._get(f"{self.teacher_doors[-1]}/v1/teacher{path}", person, params)

    def _get(self, url: str, person: DemoUser, params: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        answer = patiently(lambda: httpx.get(url, params=params, headers=headers, timeout=10))
        require_no_secret(answer)
        return answer
