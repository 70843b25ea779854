"""node and npm for the tests of the TypeScript package, and why they cannot be used."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

OLDEST = (18, 19)
NO_NODE = "no node and npm here: install the packages nodejs and npm"
NO_REGISTRY = "npm cannot reach its registry"
DEADLINE_SECONDS = 300

_OFFLINE = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED"
    r"|ERR_SOCKET_TIMEOUT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\b"
)


@cache
def problem() -> str | None:
    """Why the tests cannot run, or None when they can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return NO_NODE
    said = version()
    if tuple(int(number) for number in re.findall(r"\d+", said)[:2]) < OLDEST:
        return f"node {said} here: {'.'.join(map(str, OLDEST))} or newer is needed"
    return None


@cache
def version() -> str:
    return run(Path.cwd(), "node", "--version").stdout.strip()


def run(
    folder: Path, *command: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command in a folder; what it said on either stream is in `stdout`."""
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false", "NO_COLOR": "1"}
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **quiet, "npm_config_update_notifier": "false", **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def is_offline(said: str) -> bool:
    """Whether npm failed for want of a network, not for a fault of ours."""
    return _OFFLINE.search(said) is not None


def output_of(folder: Path, *command: str, **environ: str) -> str:
    """Run a command and return its output; skip the test when the registry is unreachable."""
    done = run(folder, *command, environ=environ)
    if done.returncode and is_offline(done.stdout):
        pytest.skip(f"{NO_REGISTRY}: {done.stdout.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout
    return done.stdout
