"""Refuses functions, modules and nesting that have grown too big to read at a glance."""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 300
MAX_NESTING = 3
ROOT = Path(__file__).resolve().parent.parent
CHECKED = ("shared", "services", "devstack", "tools", "tests", "benchmarks")
# Alembic writes these; a migration is read once.
SKIPPED_PARTS = frozenset({"migrations", "__pycache__", "node_modules"})

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


@dataclass(frozen=True, slots=True)
class Finding:
    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def findings_in(path: Path, source: str) -> Iterator[Finding]:
    lines = len(source.splitlines())
    if lines > MAX_MODULE_LINES:
        yield Finding(path, 1, f"module has {lines} lines, limit {MAX_MODULE_LINES}")
    tree = ast.parse(source, str(path))
    for function in ast.walk(tree):
        if isinstance(function, Function):
            yield from _in_function(path, function)
    yield from _too_deep(path, tree.body, 0)


def _in_function(path: Path, function: Function) -> Iterator[Finding]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > MAX_FUNCTION_LINES:
        message = f"function {function.name} has {lines} lines, limit {MAX_FUNCTION_LINES}"
        yield Finding(path, function.lineno, message)


def _too_deep(path: Path, nodes: Sequence[ast.AST], depth: int) -> Iterator[Finding]:
    """Blocks inside blocks; a function or class starts at zero, an `elif` is no level of its own."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _too_deep(path, node.body, 0)
        elif isinstance(node, _BLOCKS):
            yield from _in_block(path, node, depth + 1)


def _in_block(path: Path, block: ast.AST, depth: int) -> Iterator[Finding]:
    if depth > MAX_NESTING:
        message = f"block is nested {depth} deep, limit {MAX_NESTING}"
        yield Finding(path, getattr(block, "lineno", 1), message)
        return
    for inside in _bodies(block):
        elif_depth = depth - 1 if _is_elif(block, inside) else depth
        yield from _too_deep(path, inside, elif_depth)


def _bodies(block: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(block, field, [])
    for part in (*getattr(block, "handlers", []), *getattr(block, "cases", [])):
        yield part.body


def _is_elif(block: ast.AST, inside: list[ast.stmt]) -> bool:
    if not isinstance(block, ast.If) or inside is not block.orelse:
        return False
    return len(inside) == 1 and isinstance(inside[0], ast.If)


def python_files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        found = [place] if place.is_file() else sorted(place.rglob("*.py"))
        yield from (path for path in found if not SKIPPED_PARTS & set(path.parts))


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 and a line per finding, else 0; without arguments the whole repository."""
    places = [Path(argument) for argument in arguments] or [ROOT / name for name in CHECKED]
    findings = [
        finding
        for path in python_files(places)
        for finding in findings_in(path, path.read_text(encoding="utf-8"))
    ]
    for finding in findings:
        print(str(finding).removeprefix(f"{ROOT}/"))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
