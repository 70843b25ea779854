"""Refuses functions, modules, nesting and a kernel that have grown too big.

`python -m tools.check_sizes --report` prints the sizes of every package instead.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.findings import ROOT, Finding, checked_files, python_files
from tools.size_report import report

MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 300
MAX_NESTING = 3
KERNEL = ROOT / "shared" / "bff_core"
MAX_KERNEL_FILES, MAX_KERNEL_LINES = 75, 10_200
"""Whoever works on any service reads the kernel (decision 52)."""
FOLDERS = ("shared", "services", "devstack", "tools", "tests", "benchmarks")

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


def findings_in(path: Path, source: str) -> Iterator[Finding]:
    lines = len(source.splitlines())
    if lines > MAX_MODULE_LINES:
        yield Finding(path, 1, f"module has {lines} lines, limit {MAX_MODULE_LINES}")
    tree = ast.parse(source, str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                message = f"function {node.name} has {lines} lines, limit {MAX_FUNCTION_LINES}"
                yield Finding(path, node.lineno, message)
    yield from _nesting(path, tree.body, 0)


def findings_in_kernel(kernel: Path) -> Iterator[Finding]:
    """A kernel of more files or lines than it may have."""
    files = list(python_files([kernel]))
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    if len(files) > MAX_KERNEL_FILES:
        yield Finding(kernel, 1, f"the kernel has {len(files)} files, limit {MAX_KERNEL_FILES}")
    if lines > MAX_KERNEL_LINES:
        yield Finding(kernel, 1, f"the kernel has {lines} lines, limit {MAX_KERNEL_LINES}")


def _nesting(path: Path, nodes: Sequence[ast.AST], depth: int) -> Iterator[Finding]:
    """Blocks that are nested too deep. Functions and classes start at zero."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _nesting(path, node.body, 0)
        elif isinstance(node, _BLOCKS) and depth == MAX_NESTING:
            message = f"block is nested {depth + 1} deep, limit {MAX_NESTING}"
            yield Finding(path, node.lineno, message)
        elif isinstance(node, _BLOCKS):
            for body in _bodies(node):
                yield from _nesting(path, body, depth if _is_elif(node, body) else depth + 1)


def _bodies(block: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(block, field, [])
    for part in (*getattr(block, "handlers", []), *getattr(block, "cases", [])):
        yield part.body


def _is_elif(block: ast.AST, body: list[ast.stmt]) -> bool:
    if not isinstance(block, ast.If) or body is not block.orelse:
        return False
    return len(body) == 1 and isinstance(body[0], ast.If)


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 and a line per finding, else 0; without paths the whole repository."""
    if "--report" in arguments:
        print(report(ROOT))
        return 0
    findings = [
        finding
        for path in checked_files(arguments, FOLDERS)
        for finding in findings_in(path, path.read_text(encoding="utf-8"))
    ]
    if not arguments:
        findings += findings_in_kernel(KERNEL)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
