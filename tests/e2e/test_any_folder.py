"""A checkout in a folder of any name: the devstack, migrations, databases and a front end.

npm reaches no registry there, so that the stack starts without the screens.
"""

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
NPM = "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n"
NODE = "#!/bin/sh\necho v20.1.0\n"
ASSET = "assets/ämne #1?%20.txt"


@dataclass
class OddStack(DemoStack):
    """Runs the code of the checkout that holds its `home`, without HOME.

    `words_of_start` is what the start has said.
    """

    words_of_start: str = ""

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
            env={"PATH": f"{self.checkout.parent / 'tools'}:{os.environ['PATH']}", **env},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddStack]:
    checkout = tmp_path_factory.mktemp("odd") / NAME
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, checkout / folder)
    (checkout / "web").mkdir()
    (checkout / "web" / "package-lock.json").write_text("{}")
    stack = OddStack(checkout / ".devstack", free_offset())
    provide(checkout.parent / "tools", node=NODE, npm=NPM)
    (stack.front_end / "assets").mkdir(parents=True)
    (stack.front_end / "index.html").write_text("<!doctype html><title>odd</title>")
    (stack.front_end / ASSET).write_text("found")
    started = stack.command("up", "--detach", "--no-scenario", "--port-offset", str(stack.offset))
    try:
        stack.words_of_start = started.stdout + started.stderr
        assert started.returncode == 0, stack.words_of_start
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
    stray = {path.name for path in odd.checkout.parent.iterdir()} - {NAME, "tools"}

    assert settings.status_code == 200
    assert {"config.db", "identity.db", "platform.sqlite3"} <= data
    assert stray == set()


def test_front_end_is_served_with_files_of_any_name(odd: OddStack) -> None:
    page = httpx.get(f"{odd.url(4101)}/app", timeout=10)
    asset = httpx.get(f"{odd.url(4101)}/assets/%C3%A4mne%20%231%3F%2520.txt", timeout=10)

    assert (page.status_code, "odd" in page.text) == (200, True)
    assert (asset.status_code, asset.text) == (200, "found")


def test_stack_without_its_screens_starts_and_says_so_in_one_line(odd: OddStack) -> None:
    page = httpx.get(f"{odd.gateway}/", timeout=10)

    assert odd.words_of_start.count("The screens were not built") == 1
    assert "npm cannot install their packages (ENOTFOUND)" in odd.words_of_start
    assert "Open http" not in odd.words_of_start
    assert (page.status_code, page.json()["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")


def test_accounts_are_migrated(odd: OddStack) -> None:
    done = odd.module("services.identity_admin", "migrate", "up", **identity_settings(odd))

    assert done.returncode == 0, done.stderr


def provide(folder: Path, **scripts: str) -> None:
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


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
