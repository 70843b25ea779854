"""Source tree shaped like the platform's, with the snippets of docs/platform.md inserted."""

import re
import shutil
import sys
import textwrap
from pathlib import Path

import bff_core

ROOT = Path(__file__).parents[2]
SHAPE = Path(__file__).parent / "platform_shape"
_SNIPPET = re.compile(r"<!-- mount: ([a-z-]+) -->\n```(?:python|text)\n(.*?)```", re.DOTALL)
_PLACEHOLDER = re.compile(r"^( *)# <([a-z-]+)>\n", re.MULTILINE)


def documented_snippets() -> dict[str, str]:
    """Snippets of the page by name."""
    text = (ROOT / "docs" / "platform.md").read_text()
    return dict(_SNIPPET.findall(text))


def build_tree(tree: Path) -> set[str]:
    """Write the tree; return the names of the snippets that have a placeholder in it."""
    snippets, used = documented_snippets(), set()
    service = tree / "services" / "identity_service"
    service.mkdir(parents=True)
    for package in (tree / "services", service):
        (package / "__init__.py").write_text("")
    for shape in SHAPE.glob("*.py.txt"):
        text = shape.read_text()
        used |= {name for _, name in _PLACEHOLDER.findall(text)}
        filled = _PLACEHOLDER.sub(lambda match: textwrap.indent(snippets[match[2]], match[1]), text)
        (service / shape.name.removesuffix(".txt")).write_text(filled)
    ignore = shutil.ignore_patterns("__pycache__")
    module = ROOT / "services" / "identity_admin"
    shutil.copytree(module, tree / "services" / "identity_admin", ignore=ignore)
    install_kernel(tree / "site")
    return used


def install_kernel(site: Path) -> None:
    """Copy `bff_core` into a folder of packages."""
    (package,) = bff_core.__path__
    shutil.copytree(package, site / "bff_core", ignore=shutil.ignore_patterns("__pycache__"))


def python_path(tree: Path) -> str:
    """PYTHONPATH of the tree, the kernel and the libraries, without this repository."""
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    return ":".join([str(tree), str(tree / "site"), *libraries])
