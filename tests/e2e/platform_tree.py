"""A tree shaped like the platform's, with the lines of docs/platform.md in their places."""

import re
import shutil
import sys
import textwrap
from pathlib import Path

import bff_core

ROOT = Path(__file__).parents[2]
SHAPE = Path(__file__).parent / "platform_shape"
_SNIPPET = re.compile(r"<!-- mount: ([a-z-]+) -->\n```(?:python|text)\n(.*?)```", re.DOTALL)
_PLACE = re.compile(r"^( *)# <([a-z-]+)>\n", re.MULTILINE)


def documented_lines() -> dict[str, str]:
    text = (ROOT / "docs" / "platform.md").read_text()
    return dict(_SNIPPET.findall(text))


def build_tree(tree: Path) -> set[str]:
    """Write the tree; the names of the snippets that found a place in it."""
    snippets, used = documented_lines(), set()
    service = tree / "services" / "identity_service"
    service.mkdir(parents=True)
    for package in (tree / "services", service):
        (package / "__init__.py").write_text("")
    for shape in SHAPE.glob("*.py.txt"):
        text = shape.read_text()
        used |= {name for _, name in _PLACE.findall(text)}
        filled = _PLACE.sub(lambda place: textwrap.indent(snippets[place[2]], place[1]), text)
        (service / shape.name.removesuffix(".txt")).write_text(filled)
    leave_out = shutil.ignore_patterns("__pycache__")
    ours = ROOT / "services" / "identity_admin"
    shutil.copytree(ours, tree / "services" / "identity_admin", ignore=leave_out)
    install_kernel(tree / "site")
    return used


def install_kernel(site: Path) -> None:
    """`bff_core` as a package among others, without the repository behind it."""
    (package,) = bff_core.__path__
    shutil.copytree(package, site / "bff_core", ignore=shutil.ignore_patterns("__pycache__"))


def python_path(tree: Path) -> str:
    """The tree, the kernel, and the libraries: nothing of this repository."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    return ":".join([str(tree), str(tree / "site"), *libraries])
