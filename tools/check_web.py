"""Checks of `web/`: types, lint, format and unit tests, run again only after a change."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = Path("web")
CLIENT = Path("sdk") / "typescript" / "src"
STAMP = Path("node_modules") / ".check-stamp"
GENERATED = frozenset({"node_modules", "dist"})
OLDEST_NODE = 20
DEADLINE_SECONDS = 540
SKIPPED = 77
"""Exit code of a check that this machine cannot run."""


def digest(root: Path) -> str:
    """Hash of the sources of the screens and of the client that they are built on."""
    content = sha256()
    for path in sorted(_sources(root)):
        content.update(f"{path.relative_to(root)}\0".encode())
        content.update(sha256(path.read_bytes()).digest())
    return content.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for folder in (root / WEB, root / CLIENT):
        for where, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name not in GENERATED]
            yield from (Path(where) / name for name in files)


def node_problem() -> str | None:
    """The reason why the screens cannot be checked here; None when they can."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "node and npm are missing: install nodejs and npm"
    version = subprocess.run(
        (node, "--version"), capture_output=True, text=True, timeout=30, check=False
    ).stdout.strip()
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < OLDEST_NODE:
        return f"node {version} is too old: {OLDEST_NODE} or newer is needed"
    return None


def run(folder: Path, *command: str) -> int:
    """Run an npm command in a folder, with its output passed on; returns its exit code."""
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **quiet}, timeout=DEADLINE_SECONDS, check=False
    ).returncode


def main() -> int:
    """Check the screens unless they are as they were when they last passed."""
    if (problem := node_problem()) is not None:
        print(problem)
        return SKIPPED
    web = ROOT / WEB
    before = digest(ROOT)
    stamp = web / STAMP
    if stamp.is_file() and stamp.read_text() == before:
        return 0
    installed = web / "node_modules" / ".package-lock.json"
    lock = web / "package-lock.json"
    is_current = installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
    if not is_current and run(web, "npm", "ci", "--silent"):
        return 1
    code = run(web, "npm", "run", "--silent", "check")
    if code == 0:
        stamp.write_text(before)
    return code


if __name__ == "__main__":
    sys.exit(main())
