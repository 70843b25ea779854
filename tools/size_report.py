"""Sizes of every package: files, lines, functions, and private functions with one call site."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tools.findings import python_files
from tools.markdown import table

HEADINGS = ("package", "files", "lines", "functions", "median", "p90", "max", "called once")
SINGLE_PACKAGES = ("shared/bff_core", "devstack", "tools", "benchmarks", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def report(root: Path) -> str:
    """A Markdown table; functions in lines, the last column in private functions."""
    packages = [root / name for name in SINGLE_PACKAGES]
    packages[1:1] = sorted(path for path in (root / "services").iterdir() if path.is_dir())
    rows = [
        _row(str(package.relative_to(root)), list(python_files([package])))
        for package in packages
        if any(package.rglob("*.py"))
    ]
    return table(HEADINGS, rows)


def _row(name: str, files: Sequence[Path]) -> list[str]:
    sources = [path.read_text("utf-8") for path in files]
    trees = [ast.parse(source) for source in sources]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, Function)]
    lines = sorted((node.end_lineno or node.lineno) - node.lineno + 1 for node in functions)
    lines = lines or [0]
    cells = (
        name,
        len(files),
        sum(len(source.splitlines()) for source in sources),
        len(functions),
        median(lines),
        lines[int(0.9 * (len(lines) - 1))],
        lines[-1],
        len(called_once(trees)),
    )
    return [f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in cells]


def called_once(trees: Sequence[ast.Module]) -> list[str]:
    """Private functions and methods of a package with exactly one use in it."""
    uses = Counter(name for tree in trees for name in _used_names(tree))
    defined = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, Function)]
    return [
        name
        for name in defined
        if name.startswith("_") and not name.endswith("__") and uses[name] == 1
    ]


def _used_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
