"""The shell script `./dev`: its output and actions before Python starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.devstack_harness import WAIT_SECONDS, eventually

ROOT = Path(__file__).resolve().parents[2]

FAKE_UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$* cache=${UV_CACHE_DIR:-own}" >>"$CALLS"
[ -n "$UV_SYSTEM_CERTS" ] || [ -z "$STRANGE_PROXY" ] || { echo 'invalid peer certificate' >&2; exit 2; }
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" "$UV_PROJECT_ENVIRONMENT/lib/python3.11/site-packages"
printf '#!/bin/sh\\necho "$PWD: $*"\\n' >"$UV_PROJECT_ENVIRONMENT/bin/python"
chmod +x "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
FAKE_PYTHON = """#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; *'%d.%d'*) echo 3.11 ;; esac
"""

VENV_PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m venv")
        for folder; do :; done
        mkdir -p "$folder/bin"
        cat "$PIP" >"$folder/bin/python"
        chmod +x "$folder/bin/python" ;;
    *) exec "$REAL_PYTHON" "$@" ;;
esac
"""
PIP = """#!/bin/sh
echo pip >>"$CALLS"
while [ ! -e "$GO" ]; do sleep 0.02; done
cat "$FAKE_UV" >"${0%/*}/uv"
chmod +x "${0%/*}/uv"
"""


class Checkout:
    """A copy of the script in a folder of its own, with stand-ins for uv and python3."""

    def __init__(self, folder: Path, name: str = "checkout") -> None:
        self.root = folder / name
        self.tools = folder / "tools"
        self.calls = folder / "calls"
        self.root.mkdir()
        self.tools.mkdir()
        shutil.copy(ROOT / "dev", self.root / "dev")
        for file in ("uv.lock", "pyproject.toml"):
            (self.root / file).write_text("one")
        for tool in ("sh", "cksum", "cat", "mkdir", "chmod"):
            (self.tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
        self.provide("python3", FAKE_PYTHON)

    def provide(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def dev(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / "dev"), *arguments],
            env=self._env(env),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def begin(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "dev"), *arguments],
            env=self._env(env),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _env(self, given: dict[str, str]) -> dict[str, str]:
        own = {"PATH": str(self.tools), "CALLS": str(self.calls), "HOME": str(self.root)}
        return own | given

    def installs(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.provide("uv", FAKE_UV)
    return made


def test_help_needs_no_installation_and_names_every_command(checkout: Checkout) -> None:
    result = checkout.dev()

    assert result.returncode == 0
    data = (
        "up",
        "down",
        "status",
        "info",
        "restart",
        "logs",
        "token",
        "watch",
        "web",
        "screenshots",
        "fault",
    )
    for command in (*data, "test", "check", "generate", "bench"):
        assert f"./dev {command} " in result.stdout
    assert checkout.installs() == []


def test_unknown_command_is_one_line_and_two(checkout: Checkout) -> None:
    result = checkout.dev("upp")

    assert result.returncode == 2
    assert result.stderr == "dev: there is no command 'upp'. ./dev help lists them\n"


@pytest.mark.parametrize(
    ("word", "meant"), [("upp", "up"), ("restrat", "restart"), ("log", "logs")]
)
def test_misspelled_command_is_answered_by_the_nearest(
    checkout: Checkout, word: str, meant: str
) -> None:
    (checkout.tools / "python3").unlink()
    (checkout.tools / "python3").symlink_to(sys.executable)

    result = checkout.dev(word)

    assert f"Did you mean {meant}? " in result.stderr
    assert result.stderr.count("\n") == 1


def test_commands_run_at_the_root_from_any_folder_with_their_arguments(checkout: Checkout) -> None:
    assert checkout.dev("up", "--port-offset", "7").stdout == (
        f"{checkout.root}: -m devstack up --port-offset 7\n"
    )
    assert checkout.dev("test", "-k", "a b").stdout == f"{checkout.root}: -m pytest -k a b\n"
    assert checkout.dev("check").stdout == f"{checkout.root}: -m tools.check\n"


def test_dependencies_are_installed_once_until_the_lock_changes(checkout: Checkout) -> None:
    first, second = checkout.dev("status"), checkout.dev("status")
    before = len(checkout.installs())
    (checkout.root / "uv.lock").write_text("two")
    checkout.dev("status")

    assert first.stderr.count("\n") == 1
    assert second.stderr == ""
    assert (before, len(checkout.installs())) == (1, 2)


def test_home_that_cannot_be_written_moves_the_cache_into_the_checkout(checkout: Checkout) -> None:
    checkout.dev("status", HOME="/dev/null")

    assert checkout.installs() == [f"sync --frozen --quiet cache={checkout.root}/.uv/cache"]


def test_cache_that_was_chosen_is_kept(checkout: Checkout) -> None:
    checkout.dev("status", HOME="/dev/null", UV_CACHE_DIR="/elsewhere")

    assert checkout.installs() == ["sync --frozen --quiet cache=/elsewhere"]


def test_strange_certificate_is_tried_again_with_those_of_the_machine(checkout: Checkout) -> None:
    result = checkout.dev("status", STRANGE_PROXY="yes")

    assert result.returncode == 0, result.stderr
    assert len(checkout.installs()) == 2


def test_two_first_calls_at_once_install_uv_once(tmp_path: Path) -> None:
    checkout, go = Checkout(tmp_path), tmp_path / "go"
    checkout.provide("python3", VENV_PYTHON)
    checkout.provide("pip", PIP)
    checkout.provide("fake_uv", FAKE_UV)
    (checkout.tools / "sleep").symlink_to(shutil.which("sleep") or "/bin/sleep")
    tools = {"PIP": str(checkout.tools / "pip"), "FAKE_UV": str(checkout.tools / "fake_uv")}
    env = tools | {"GO": str(go), "REAL_PYTHON": sys.executable}
    started: list[subprocess.Popen[str]] = []
    try:
        started.append(checkout.begin("check", **env))
        eventually(lambda: checkout.installs() == ["pip"])
        started.append(checkout.begin("check", **env))
        assert started[1].stderr is not None
        assert "installing it into .uv/" in started[1].stderr.readline()
    finally:
        go.touch()
        ends = [one.communicate(timeout=WAIT_SECONDS) for one in started]

    assert [one.returncode for one in started] == [0, 0], ends
    assert checkout.installs().count("pip") == 1


def test_generate_takes_no_arguments(checkout: Checkout) -> None:
    result = checkout.dev("generate", "openapi")

    assert result.returncode == 1
    assert result.stderr == ("dev: generate takes no arguments: it rewrites all generated files.\n")


def test_without_uv_and_venv_one_line_names_the_package(tmp_path: Path) -> None:
    result = Checkout(tmp_path).dev("up")

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "python3-venv" in result.stderr


def test_without_uv_and_with_an_old_python_one_line_says_which_is_needed(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.provide("python3", "#!/bin/sh\nexit 1\n")

    result = checkout.dev("up")

    assert result.returncode == 1
    assert result.stderr == "dev: Python 3.11 or newer is needed: install python3, or uv.\n"


def test_failing_installation_says_why_and_is_tried_again(checkout: Checkout) -> None:
    checkout.provide("uv", "#!/bin/sh\n[ $1 = --version ] && exit\necho 'no space' >&2\nexit 2\n")

    result = checkout.dev("up")

    assert result.returncode == 1
    assert "no space" in result.stderr
    assert not (checkout.root / ".venv" / ".dev-stamp").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_checkout_of_somebody_else_is_one_line(checkout: Checkout) -> None:
    checkout.root.chmod(0o555)

    result = checkout.dev("up")

    assert "cannot write to" in result.stderr


def test_another_interpreter_has_a_folder_of_its_own(checkout: Checkout) -> None:
    result = checkout.dev("status", UV_PYTHON="3.13", DEV_VENV=".venv-3.13")

    assert result.stdout == f"{checkout.root}: -m devstack status\n"
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("name", ["a b%20#1?q=é", "new\nline", "co:lon;%(here)s", "$HOME'\"`*"])
def test_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    checkout = Checkout(tmp_path, name)
    checkout.provide("uv", FAKE_UV)

    first, second = checkout.dev("status"), checkout.dev("status")
    site = checkout.root / ".venv/lib/python3.11/site-packages"
    added = [(site / line).resolve() for line in (site / "checkout.pth").read_text().split()]

    assert first.stdout == second.stdout == f"{checkout.root}: -m devstack status\n"
    assert second.stderr == ""
    assert added == [checkout.root, checkout.root / "shared"]
