"""Refuses docstrings that open with a question word, above a share of all docstrings."""

import ast
import re
import sys
from collections.abc import Iterator, Sequence

from tools.findings import Finding, checked_files

FOLDERS = ("shared", "services", "devstack", "tools", "benchmarks")
MAX_PERCENT = 2.0
QUESTION_WORDS = frozenset(
    {"what", "where", "who", "how", "whether", "which", "when", "whoever", "whose", "why"}
)


def docstrings_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string that stands alone: of modules, classes, functions, attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield node.lineno, text


def question_word(docstring: str) -> str | None:
    """The question word that the docstring opens with, as written."""
    first = re.match(r"\W*([^\W\d_]+)", docstring)
    return first[1] if first and first[1].lower() in QUESTION_WORDS else None


def main(arguments: Sequence[str]) -> int:
    """Check the given paths, or all folders; print the offending docstrings above the limit."""
    total, found = 0, []
    for path in checked_files(arguments, FOLDERS):
        for line, text in docstrings_in(path.read_text("utf-8")):
            total += 1
            word = question_word(text)
            if word:
                found.append(Finding(path, line, f"docstring opens with {word!r}"))
    percent = 100 * len(found) / max(1, total)
    if percent <= MAX_PERCENT:
        return 0
    print(*found, sep="\n")
    print(f"{len(found)} of {total} docstrings open with a question word: {percent:.1f} %,")
    print(f"limit {MAX_PERCENT:g} %. Start with the thing or with a verb.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
