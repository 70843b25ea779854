"""`./dev check` runs every check, also after one has failed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEADLINE_SECONDS = 600
SKIPPED = 77
"""Exit code of a check that this machine cannot run; its last line says why."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    command: tuple[str, ...]


CHECKS = (
    Check("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    Check("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
    Check("types", (str(BIN / "mypy"), "--no-error-summary")),
    Check("import rules", (str(BIN / "lint-imports"), "--no-logo")),
    Check("metrics", (sys.executable, "-m", "tools.check_metrics")),
    Check("operations page", (sys.executable, "-m", "tools.operations_page", "--check")),
    Check("codes and parts", (sys.executable, "-m", "tools.public_names", "--check")),
    Check("sizes", (sys.executable, "-m", "tools.check_sizes")),
    Check("prose", (sys.executable, "-m", "tools.check_prose")),
    Check("foreign names", (sys.executable, "-m", "tools.check_foreign_names")),
    Check("compose", (sys.executable, "-m", "tools.check_compose")),
    Check("Dockerfile", (str(BIN / "hadolint"), "Dockerfile")),
    Check("chart", (sys.executable, "-m", "tools.check_chart")),
    Check("openapi", (sys.executable, "-m", "tools.check_openapi")),
    Check("typescript", (sys.executable, "-m", "tools.typescript_drift")),
    Check("web", (sys.executable, "-m", "tools.check_web")),
    Check("shell: dev", ("sh", "-n", "dev")),
    Check("shell: health", (shutil.which("bash") or "bash", "-n", "tools/healthcheck.sh")),
    Check("shell: .ci/run", (shutil.which("bash") or "bash", "-n", ".ci/run")),
)


def outcome(check: Check) -> tuple[int, str]:
    """Run a check; returns its exit code and its output."""
    try:
        done = subprocess.run(
            check.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, f"{error}\n"
    return done.returncode, done.stdout


def run_all(checks: Sequence[Check]) -> int:
    """Print a line per check and the output of failed ones; returns the exit code."""
    failed = []
    for check in checks:
        began = time.monotonic()
        print(f"{check.name:<16}", end="", flush=True)
        code, output = outcome(check)
        if code == SKIPPED:
            print(f"skipped: {output.strip().splitlines()[-1]}")
            continue
        print(f"{'FAILED' if code else 'ok'} ({time.monotonic() - began:.1f} s)")
        if code:
            print(output.rstrip())
            failed.append(check.name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def main(prefixes: Sequence[str]) -> int:
    """Run all checks, or those whose names begin with one of the given prefixes."""
    unknown = [
        word for word in prefixes if not any(check.name.startswith(word) for check in CHECKS)
    ]
    if unknown:
        names = [check.name for check in CHECKS]
        near = [meant for word in unknown for meant in get_close_matches(word, names, n=1)]
        meant = f" did you mean {near[0]}?" if near else ""
        print(f"no such check: there are {', '.join(names)};{meant}".removesuffix(";"))
        return 2
    given = tuple(prefixes)
    return run_all([check for check in CHECKS if not given or check.name.startswith(given)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
