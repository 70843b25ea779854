"""Mutation tests of the breaker, the single-flight and the retries."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# mutmut expects modules below a folder `src`, so they are copied there.
WORK_FOLDER = ROOT / "mutants"
MUTATED = ("breaker", "outcome", "scoped_breakers", "single_flight", "retry")
TESTS = (
    "test_breaker*.py",
    "test_scoped*.py",
    "test_retry*.py",
    "test_single_flight*.py",
    "test_unproven*.py",
)
MIN_KILLED_PERCENT = 90.0
DEADLINE_SECONDS = 3600
KILLED = frozenset({"killed", "timeout", "segfault", "caught by type check"})

SETTINGS = """
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]
pythonpath = ["."]
asyncio_mode = "auto"

[tool.mutmut]
source_paths = ["src"]
only_mutate = [{mutated}]
pytest_add_cli_args_test_selection = [{tests}]
"""


def prepare() -> None:
    """Copy the code and its tests into the layout of mutmut."""
    shutil.rmtree(WORK_FOLDER, ignore_errors=True)
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared", WORK_FOLDER / "src", ignore=skipped)
    place = Path("tests/unit/bff_core/client")
    shutil.copytree(ROOT / place, WORK_FOLDER / place, ignore=skipped)
    shutil.copy(ROOT / "tests" / "pipeline_kit.py", WORK_FOLDER / "tests")
    mutated = [f'"src/bff_core/client/policies/{name}.py"' for name in MUTATED]
    tests = [
        f'"{path.relative_to(WORK_FOLDER)}"'
        for glob in TESTS
        for path in sorted((WORK_FOLDER / place).glob(glob))
    ]
    settings = SETTINGS.format(mutated=", ".join(mutated), tests=", ".join(tests))
    (WORK_FOLDER / "pyproject.toml").write_text(settings)


def mutmut(*words: str) -> str:
    """Run mutmut; its results are returned, its progress goes to the terminal."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "mutmut"), *words],
        cwd=WORK_FOLDER,
        env=os.environ | {"HYPOTHESIS_PROFILE": "default"},
        stdout=subprocess.PIPE if words[0] == "results" else None,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return done.stdout or ""


def main() -> int:
    prepare()
    mutmut("run")
    results = mutmut("results", "--all", "true")
    outcomes = dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+)$", results, re.MULTILINE))
    counts = Counter(outcomes.values())
    killed = sum(counts[kind] for kind in KILLED)
    for name, outcome in outcomes.items():
        if outcome not in KILLED:
            print(f"{outcome}: {name}")
    percent = 100.0 * killed / max(1, len(outcomes))
    print(
        f"{killed} of {len(outcomes)} mutants killed: {percent:.1f} % (aim {MIN_KILLED_PERCENT:.0f} %)"
    )
    return 0 if percent >= MIN_KILLED_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
