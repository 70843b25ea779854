"""Each package of the kernel lists its public names, and no file hides behind an underscore."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import bff_core

ROOT = Path(bff_core.__path__[0])
PACKAGES = [
    path.parent.relative_to(ROOT).as_posix()
    for path in sorted(ROOT.rglob("__init__.py"))
    if any(isinstance(node, ast.ImportFrom) for node in ast.parse(path.read_text()).body)
]


@pytest.mark.parametrize("package", PACKAGES)
def test_all_lists_what_the_package_imports(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    module = import_module(f"bff_core.{package.replace('/', '.')}")

    assert sorted(module.__all__) == sorted(imported)


def test_no_file_name_begins_with_an_underscore() -> None:
    names = [path.name for path in ROOT.rglob("*.py") if path.name.startswith("_")]

    assert set(names) == {"__init__.py"}
