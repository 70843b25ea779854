"""Source tree shaped like the platform's, with the lines of docs/platform.md inserted and run."""

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHAPE = Path(__file__).parent / "platform_shape"
COMMANDS = ("build", "install")
STEP_SECONDS = 300
_SNIPPET = re.compile(
    r"^( *)<!-- mount: ([a-z-]+) -->\n *```(?:python|text|sh)\n(.*?)^ *```",
    re.DOTALL | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"^( *)# <([a-z-]+)>\n", re.MULTILINE)


def documented_snippets() -> dict[str, str]:
    """Snippets of the page by name."""
    text = (ROOT / "docs" / "platform.md").read_text()
    return {name: textwrap.dedent(lines) for _, name, lines in _SNIPPET.findall(text)}


def build_tree(tree: Path) -> set[str]:
    """Write the tree; return the names of the snippets that have a placeholder in it."""
    snippets, used = documented_snippets(), set()
    for shape in SHAPE.rglob("*.py.txt"):
        text = shape.read_text()
        used |= {name for _, name in _PLACEHOLDER.findall(text)}
        filled = _PLACEHOLDER.sub(lambda match: textwrap.indent(snippets[match[2]], match[1]), text)
        path = _place_of(shape.relative_to(SHAPE))
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(filled)
    return used


def _place_of(shape: Path) -> Path:
    """Libraries lie at the top; `services` is a namespace, as in the platform's images."""
    place = shape.with_name(shape.name.removesuffix(".txt"))
    if place.parts[0] == "libs":
        return Path(*place.parts[1:])
    return Path("services", place)


def install(scratch: Path, uv: str) -> Path:
    """Run the documented commands in a copy of this repository; return the new interpreter.

    The environment holds nothing else: `pip` is uv's, for the versions of the lock file.
    """
    source, tools, venv = scratch / "source", scratch / "bin", scratch / "venv"
    source.mkdir()
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("shared", "services"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    tools.mkdir()
    (tools / "uv").symlink_to(uv)
    (tools / "pip").write_text('#!/bin/sh\nexec uv pip "$@"\n')
    (tools / "pip").chmod(0o755)
    versions = scratch / "versions.txt"
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": f"{tools}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(venv),
        "UV_CONSTRAINT": str(versions),
    }
    exported = "uv export --frozen --all-groups --no-hashes --no-emit-project --quiet -o"
    _run(f"{exported} {versions}", source, env)
    _run(f"uv venv --quiet {venv}", source, env)
    for name in COMMANDS:
        _run(documented_snippets()[name], source, env)
    return venv / "bin" / "python"


def _run(command: str, folder: Path, env: dict[str, str]) -> None:
    subprocess.run(["sh", "-ec", command], cwd=folder, env=env, check=True, timeout=STEP_SECONDS)
