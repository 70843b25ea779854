"""Reads every event and field that the services log from the calls in the code."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("shared", "services")
METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
LOGGERS = frozenset({"log", "_log"})

EVERYWHERE = frozenset(
    {"event", "level", "timestamp", "service.name", "deployment.environment", "correlation_id"}
    | {"trace_id", "exception"}
)
"""Fields that logging adds to every line."""

SPREAD = {
    "error.fields": frozenset({"reason", "upstream_status"}),
    "away.fields": frozenset({"error"}),
}
"""The fields behind `**expressions` in log calls."""


class UnreadableLogCallError(ValueError):
    """A call whose event or fields cannot be read from the code; carries the remedy."""


@dataclass(frozen=True, slots=True)
class LogCall:
    event: str
    level: str
    fields: frozenset[str]
    where: str


def all_calls() -> list[LogCall]:
    """Every log call of the shipped code.

    Raises:
        UnreadableLogCallError: A call hides its event or fields; names file and line.
    """
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [
        call
        for path in files
        if "testing" not in path.parts
        for call in calls_in(path.read_text("utf-8"), str(path.relative_to(ROOT)))
    ]


def calls_in(code: str, file: str) -> Iterator[LogCall]:
    """The log calls of one module."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        level, logger = node.func.attr, node.func.value
        if level in METHODS and isinstance(logger, ast.Name) and logger.id in LOGGERS:
            yield _read(node, level, f"{file}:{node.lineno}")


def _read(call: ast.Call, level: str, where: str) -> LogCall:
    events = [one.value for one in call.args if isinstance(one, ast.Constant)]
    if len(events) != 1 or not isinstance(events[0], str):
        raise UnreadableLogCallError(f"{where}: the event must be one literal word")
    fields = frozenset(name for one in call.keywords for name in _fields(one, where))
    return LogCall(events[0], "error" if level == "exception" else level, fields, where)


def _fields(keyword: ast.keyword, where: str) -> frozenset[str]:
    if keyword.arg == "exc_info":
        return frozenset({"exception"})
    if keyword.arg is not None:
        return frozenset({keyword.arg})
    written = ast.unparse(keyword.value)
    if written not in SPREAD:
        raise UnreadableLogCallError(
            f"{where}: **{written} hides fields; name them, or add them to SPREAD in tools/log_events.py"
        )
    return SPREAD[written]
