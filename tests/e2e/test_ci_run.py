"""`.ci/run`: the tests on the image's interpreter too, where the machine has it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAKE_DEV = """#!/bin/sh
echo "${DEV_VENV:-.venv} ${UV_PYTHON##*/} $*" >>calls
[ "$*" != "$FAILS" ]
"""
FAKE_PYTHON = """#!/bin/sh
case "$*" in --version) echo Python 3.13.7 ;; esac
"""
NEWEST = (
    "test tests/unit/bff_core tests/property tests/contract -m not fuzz"
    " -n 2 --dist loadfile --no-loadscope-reorder"
)


class Checkout:
    """A copy of the script, with a stand-in for `./dev` that writes how it was called."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.tools = folder / "tools"
        self.pyenv = folder / "pyenv"
        (self.root / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci/run", self.root / ".ci/run")
        self.program(self.root / "dev", FAKE_DEV)
        self.usual_python("#!/bin/sh\nexit 1\n")
        self.tools.mkdir()
        for name in ("bash", "dirname", "id"):
            (self.tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")

    def program(self, path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def usual_python(self, script: str) -> None:
        self.program(self.root / ".venv/bin/python", script)

    def run(self, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / ".ci/run")],
            env={"PATH": str(self.tools), "PYENV_ROOT": str(self.pyenv), **env},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_the_newest_interpreter_it_says_so(checkout: Checkout) -> None:
    result = checkout.run()

    assert result.returncode == 0
    assert checkout.calls() == [".venv  check", ".venv  test"]
    assert "ci: no Python 3.13 on this machine" in result.stderr


def test_late_run_leaves_the_newest_interpreter_out_and_says_so(checkout: Checkout) -> None:
    result = checkout.run(SECONDS="1501")

    assert result.returncode == 0
    assert checkout.calls() == [".venv  check", ".venv  test"]
    assert "ci: no time left for the tests on Python 3.13" in result.stderr


def test_shim_that_runs_nothing_is_passed_over(checkout: Checkout) -> None:
    checkout.program(checkout.tools / "python3.13", "#!/bin/sh\nexit 127\n")

    assert "ci: no Python 3.13 on this machine" in checkout.run().stderr


@pytest.mark.parametrize("place", ["tools", "pyenv/versions/3.13.7/bin"])
def test_newest_interpreter_runs_the_tests_in_a_folder_of_its_own(
    checkout: Checkout, tmp_path: Path, place: str
) -> None:
    checkout.program(tmp_path / place / "python3.13", FAKE_PYTHON)

    result = checkout.run()

    assert result.returncode == 0
    assert checkout.calls()[2:] == [f".venv-3.13 python3.13 {NEWEST}"]
    assert "tests on Python 3.13.7" in result.stdout


def test_failure_on_the_newest_interpreter_is_a_failure(checkout: Checkout) -> None:
    checkout.program(checkout.tools / "python3.13", FAKE_PYTHON)

    assert checkout.run(FAILS=NEWEST).returncode == 1


def test_tests_run_once_where_the_usual_interpreter_is_the_newest(checkout: Checkout) -> None:
    checkout.program(checkout.tools / "python3.13", FAKE_PYTHON)
    checkout.usual_python("#!/bin/sh\nexit 0\n")

    assert checkout.run().returncode == 0
    assert len(checkout.calls()) == 2
