"""The admin BFF as a real process that tests may kill, before real services of ours."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer
from devstack.seed.people import ADMIN
from devstack.supervisor.child import die_with_parent
from tests.config_service_kit import INTERNAL_KEY, sqlite_url
from tests.faults.config_service_process import START_SECONDS, free_port, serving


class Killable:
    """One module of ours on its own port."""

    def __init__(self, module: str, folder: Path, port: int, env: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._module = module
        self._port = port
        self._env = dict(env)
        self._log = folder / f"{module}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        basics = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=basics | self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    @contextlib.contextmanager
    def running(self) -> Iterator["Killable"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()


@dataclass(frozen=True, slots=True)
class AdminStack:
    bff: Killable
    identity: Killable

    def headers(self, **more: str) -> dict[str, str]:
        """Those of the demo's admin, whom Identity knows."""
        token = access_token(ADMIN.user_id, roles=["admin"], now=SystemClock().now())
        return {"Authorization": bearer(token), **more}

    def somebody_new(self) -> str:
        """The id of somebody who has just registered."""
        person = {
            "email": f"{uuid4().hex}@skola.example",
            "password": "Demo-Pass-2026!",
            "person_name": {
                "first_name": "Maja",
                "last_name": "Ek",
                "legal_full_name": "Maja Ek",
            },
            "organization_name": "Ekskolan",
        }
        answer = httpx.post(f"{self.identity.url}/v1/auth/register", json=person, timeout=10)
        return str(answer.json()["user_id"])


@contextlib.contextmanager
def admin_stack(folder: Path) -> Iterator[AdminStack]:
    identity_port, bff_port = free_port(), free_port()
    identity = Killable(
        "devstack.emulators.identity",
        folder,
        identity_port,
        {
            "DEVSTACK_HOST": "127.0.0.1",
            "DEVSTACK_PORT": str(identity_port),
            "DEVSTACK_DATA_DIR": str(folder),
            "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
            "IDENTITY_SERVICE_JWT_DEV_SECRET": SECRET,
        },
    )
    with serving(folder, sqlite_url(folder)) as config, identity.running():
        env = {
            "ENVIRONMENT": "testing",
            "JWT_SECRET_KEY": SECRET,
            "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
            "BFF_ADMIN_SERVICE_PORT": str(bff_port),
            "IDENTITY_SERVICE_URL": identity.url,
            "CONFIG_SERVICE_URL": config.url,
        }
        with Killable("services.bff_admin", folder, bff_port, env).running() as bff:
            yield AdminStack(bff, identity)
