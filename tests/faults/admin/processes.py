"""The admin BFF as a process that tests may kill, with real services behind it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer
from devstack.seed import load_dataset
from devstack.seed.people import ADMIN
from devstack.seed.store import write_dataset
from tests.config_service_kit import INTERNAL_KEY, sqlite_url
from tests.faults.config_service_process import serving
from tests.faults.module_process import ModuleProcess
from tests.ports import free_port


@dataclass(frozen=True, slots=True)
class AdminStack:
    bff: ModuleProcess
    identity: ModuleProcess

    def headers(self, **more: str) -> dict[str, str]:
        """Headers with a token of the demo's admin."""
        token = access_token(ADMIN.user_id, roles=["admin"], now=SystemClock().now())
        return {"Authorization": bearer(token), **more}

    def register_user(self) -> str:
        """Register a user and return their id."""
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
    bff_port = free_port()
    identity, entitlements = _emulator("identity", folder), _emulator("entitlements", folder)
    write_dataset(load_dataset(), folder / "platform.sqlite3")
    with (
        serving(folder, sqlite_url(folder)) as config,
        identity.running(),
        entitlements.running(),
    ):
        env = {
            "ENVIRONMENT": "testing",
            "JWT_SECRET_KEY": SECRET,
            "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
            "BFF_ADMIN_SERVICE_PORT": str(bff_port),
            "IDENTITY_SERVICE_URL": identity.url,
            "CONFIG_SERVICE_URL": config.url,
            "ENTITLEMENTS_SERVICE_URL": entitlements.url,
        }
        with ModuleProcess("services.bff_admin", folder, bff_port, env).running() as bff:
            yield AdminStack(bff, identity)


def _emulator(name: str, folder: Path) -> ModuleProcess:
    port = free_port()
    env = {
        "DEVSTACK_HOST": "127.0.0.1",
        "DEVSTACK_PORT": str(port),
        "DEVSTACK_DATA_DIR": str(folder),
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "IDENTITY_SERVICE_JWT_DEV_SECRET": SECRET,
    }
    return ModuleProcess(f"devstack.emulators.{name}", folder, port, env)
