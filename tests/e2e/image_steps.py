"""The Dockerfile's own steps, done below a scratch folder: an image's files without an engine."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEP_SECONDS = 300
_MOUNTS = re.compile(r"^(?:--mount=\S+\s+)+")
_ABSOLUTE = re.compile(r"(?<![\w./])/(?:opt|build|data)\b")


def uv_binary() -> str | None:
    own = ROOT / ".uv" / "bin" / "uv"
    return shutil.which("uv") or (str(own) if own.exists() else None)


def python_of_the_image(said: str) -> str:
    """That of the image where this machine has it; else one that another user may run too."""
    name = Path(said).name
    own = [*Path("/usr/local/bin").glob(name), *Path("/usr/bin").glob(name)]
    return str(next(iter([*own, *Path("/usr/bin").glob("python3.1[1-9]")]), sys.executable))


@dataclass
class ImageTree:
    """What a stage has made: its folder stands for `/`, `environment` is what `ENV` has set."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        return self.folder / "opt/venv/bin/python"

    def inside(self, text: str) -> str:
        """Paths of the image as paths of this machine."""
        return _ABSOLUTE.sub(lambda found: f"{self.folder}{found.group()}", text)


def stages(dockerfile: str) -> dict[str, list[tuple[str, str]]]:
    """Instructions by stage; the first of each is its `FROM`."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in re.sub(r"\\\n\s*", "", dockerfile).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            name = rest.rpartition(" ")[2]
            found[name] = []
        if word and word != "#" and name:
            found[name].append((word, rest))
    return found


class Builder:
    """Makes stages of one Dockerfile, each in a folder of its own."""

    def __init__(self, dockerfile: str, scratch: Path, uv: str) -> None:
        self._stages = stages(dockerfile)
        self._scratch = scratch
        self._uv = uv
        self._made: dict[str, ImageTree] = {}

    def made(self, name: str) -> ImageTree:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> ImageTree:
        (_, origin), *steps = self._stages[name]
        tree = ImageTree(self._scratch / name)
        before = origin.split()[0]
        if before in self._stages:
            base = self.made(before)
            shutil.copytree(base.folder, tree.folder, symlinks=True)
            tree.environment |= base.environment
        (tree.folder / "build").mkdir(parents=True, exist_ok=True)
        for word, rest in steps:
            self._do(tree, word, rest)
        return tree

    def _do(self, tree: ImageTree, word: str, rest: str) -> None:
        if word == "ENV":
            tree.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "COPY":
            self._copy(tree, shlex.split(rest))
        elif word == "RUN":
            command = _MOUNTS.sub("", rest)
            if command.startswith(("uv ", "chmod ", "/opt/venv/bin/python ")):
                self._run(tree, shlex.split(tree.inside(command)))

    def _copy(self, tree: ImageTree, words: list[str]) -> None:
        origin = ROOT
        left_out: Callable[[str, list[str]], list[str]] = _ignored
        if words[0].startswith("--from="):
            origin, left_out = self.made(words.pop(0).removeprefix("--from=")).folder, _left_out
        *sources, target = words
        place = (
            Path(tree.inside(target)) if target.startswith("/") else tree.folder / "build" / target
        )
        for source in sources:
            path = origin / source.lstrip("/")
            if path.is_dir():
                shutil.copytree(path, place, symlinks=True, ignore=left_out, dirs_exist_ok=True)
            else:
                into = place / path.name if target.endswith(("/", ".")) else place
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into)

    def _run(self, tree: ImageTree, command: list[str]) -> None:
        if command[0] == "uv":
            command[0] = self._uv
        subprocess.run(
            [*command, "--quiet"] if command[0] == self._uv else command,
            cwd=tree.folder / "build",
            env={**_of_the_machine(), **self._environment(tree)},
            check=True,
            timeout=STEP_SECONDS,
        )

    def _environment(self, tree: ImageTree) -> dict[str, str]:
        said = {name: tree.inside(value) for name, value in tree.environment.items()}
        return {**said, "UV_PYTHON": python_of_the_image(tree.environment["UV_PYTHON"])}


def _left_out(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__" or ".sqlite3" in name]


def _ignored(folder: str, names: list[str]) -> list[str]:
    """Files that `.dockerignore` keeps from the builder, too."""
    installed = {"node_modules", "dist", "tests"} & set(names)
    return [*_left_out(folder, names), *installed]


def _of_the_machine() -> Mapping[str, str]:
    """What tells uv where to fetch and keep; nothing of the environment that the tests run in."""
    kept = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
    named = {name: os.environ[name] for name in kept if name in os.environ}
    passed = ("UV_CACHE_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_INDEX", "UV_DEFAULT_INDEX")
    return {**named, **{name: os.environ[name] for name in passed if name in os.environ}}


def files_below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)
