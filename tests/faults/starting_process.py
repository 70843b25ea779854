"""Services and commands as processes, with what they need at the start."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from bff_core.testing import SECRET

SERVICES = {
    "gateway": "API_GATEWAY_",
    "bff_teacher": "BFF_TEACHER_SERVICE_",
    "bff_admin": "BFF_ADMIN_SERVICE_",
    "config_service": "CONFIG_SERVICE_",
}
COMMON = {
    "PATH": os.environ["PATH"],
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}
AUDIT_KEY = {"CONFIG_SERVICE_AUDIT_KEY": "an-audit-key"}
AUDIT_KEY = {"CONFIG_SERVICE_AUDIT_KEY": "an-audit-key"}
LIMIT = 60.0
"""Seconds for a busy machine; the service itself gives up after five at most."""


def process_of(service: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    """`more` with a leading underscore get the service's prefix."""
    prefix = SERVICES[service]
    own = {
        "_DATABASE_URL": f"sqlite:///{folder / 'config.db'}",
        "_AUDIT_KEY": "an-audit-key",
    }
    given = (own if service == "config_service" else {}) | more
    named = {
        f"{prefix}{name[1:]}" if name.startswith("_") else name: value
        for name, value in given.items()
    }
    return started([f"services.{service}"], named)


def started(module: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # A run in the background ignores SIGINT, and its processes would inherit that.
        ["env", "--default-signal=INT", sys.executable, "-m", *module],
        env=COMMON | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_listening(port: int) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError
