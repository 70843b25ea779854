"""The cases of docs/edge.md in which Envoy answers otherwise than the gateway."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "edge.md"
_PATTERN = re.compile(r"`(test_[^`]+)`")


def listed() -> dict[str, str]:
    """Patterns of test ids with the answers of both edges; an asterisk stands for any text."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `test_")]
    found = {}
    for row in rows:
        cases, ours, envoys = (cell.strip() for cell in row.strip("| ").split(" | "))
        found.update(dict.fromkeys(_PATTERN.findall(cases), f"{ours}; Envoy: {envoys}"))
    return found


def difference(name: str, patterns: dict[str, str]) -> str | None:
    """The difference of a test id such as `test_x[case]`; None where there is none."""
    return next((what for pattern, what in patterns.items() if _matches(pattern, name)), None)


def _matches(pattern: str, name: str) -> bool:
    if "[" not in pattern:
        return name.partition("[")[0] == pattern
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None
