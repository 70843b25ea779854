"""A checkout in a folder of any name: the devstack, migrations, databases and a front end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.seed.people import ADMIN, ANNA
from devstack.seed.store import sqlite_url
from devstack.supervisor.keys import load_keys
from tests.e2e.demo_stack import DemoStack, free_offset

ROOT = Path(__file__).resolve().parents[2]
NAME = "a b%20(x)#1?q=é&$HOME'\"\n%(here)s:;*[0]"
FOLDERS = ("services", "shared", "devstack")
ASSET = "assets/ämne #1?%20.txt"


@dataclass
class OddStack(DemoStack):
    """Runs the code of the checkout that holds its `home`, without HOME."""

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.module("devstack", *words, BFF_TEACHER_SERVICE_STATIC_DIR=str(self.front_end))

    @property
    def checkout(self) -> Path:
        return self.home.parent

    @property
    def front_end(self) -> Path:
        return self.checkout / "front end" / "dist"

    def module(self, name: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", name, *words],
            cwd=self.checkout,
            env={"PATH": os.environ["PATH"], **env},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddStack]:
    checkout = tmp_path_factory.mktemp("odd") / NAME
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    stack = OddStack(checkout / ".devstack", free_offset())
    (stack.front_end / "assets").mkdir(parents=True)
    (stack.front_end / "index.html").write_text("<!doctype html><title>odd</title>")
    (stack.front_end / ASSET).write_text("found")
    started = stack.command("up", "--detach", "--no-scenario", "--port-offset", str(stack.offset))
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stack.command("down")


def test_devstack_serves_a_dashboard(odd: OddStack) -> None:
    dashboard = odd.get(ANNA, "/dashboard")

    assert dashboard.status_code == 200
    assert dashboard.json()["batches"]


def test_settings_and_ledger_are_migrated_and_lie_in_the_checkout(odd: OddStack) -> None:
    settings = httpx.get(f"{odd.admin_doors[0]}/settings", headers=bearer(odd), timeout=10)
    data = {path.name for path in (odd.home / "data").iterdir()}
    stray = {path.name for path in odd.checkout.parent.iterdir()} - {NAME}

    assert settings.status_code == 200
    assert {"config.db", "identity.db", "platform.sqlite3"} <= data
    assert stray == set()


def test_front_end_is_served_with_files_of_any_name(odd: OddStack) -> None:
    page = httpx.get(f"{odd.url(4101)}/app", timeout=10)
    asset = httpx.get(f"{odd.url(4101)}/assets/%C3%A4mne%20%231%3F%2520.txt", timeout=10)

    assert (page.status_code, "odd" in page.text) == (200, True)
    assert (asset.status_code, asset.text) == (200, "found")


def test_accounts_are_migrated(odd: OddStack) -> None:
    done = odd.module("services.identity_admin", "migrate", "up", **identity_settings(odd))

    assert done.returncode == 0, done.stderr


def bearer(stack: OddStack) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {stack.token(ADMIN)}"}


def identity_settings(stack: OddStack) -> Mapping[str, str]:
    keys = load_keys(stack.home / "keys.json")
    return {
        "ENVIRONMENT": "development",
        "IDENTITY_SERVICE_DATABASE_URL": sqlite_url(stack.home / "data/identity.db"),
        "HULEEDU_INTERNAL_API_KEY": keys.internal_api_key,
        "JWT_SECRET_KEY": keys.jwt_secret,
    }
