"""The lines that the services log: every event and field, read from the calls in the code."""

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
"""What the log itself adds to a line."""

SPREAD = {
    "error.fields": frozenset({"reason", "upstream_status"}),
    "away.fields": frozenset({"error"}),
    "_loggable(error)": frozenset({"service", "part"}),
    "names": frozenset({"correlation_id", "trace_id"}),
}
"""What `**these` stand for, where a call passes fields on."""


class UnreadableLogCallError(ValueError):
    """A call whose event or fields cannot be read from the code; says what to do."""


@dataclass(frozen=True, slots=True)
class LogCall:
    event: str
    level: str
    fields: frozenset[str]
    where: str


def all_calls() -> list[LogCall]:
    """Every log call of what ships.

    Raises:
        UnreadableLogCallError: It names file and line.
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
        if isinstance(node, ast.Call) and _is_logging(node.func):
            yield _read(node, f"{file}:{node.lineno}")


def _is_logging(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in METHODS
        and isinstance(function.value, ast.Name)
        and function.value.id in LOGGERS
    )


def _read(call: ast.Call, where: str) -> LogCall:
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 - seen before
    level = call.func.attr
    words = [one.value for one in call.args if isinstance(one, ast.Constant)]
    if len(words) != 1 or not isinstance(words[0], str):
        raise UnreadableLogCallError(f"{where}: the event must be one literal word")
    fields = frozenset(name for one in call.keywords for name in _fields(one, where))
    return LogCall(words[0], "error" if level == "exception" else level, fields, where)


def _fields(keyword: ast.keyword, where: str) -> frozenset[str]:
    if keyword.arg == "exc_info":
        return frozenset({"exception"})
    if keyword.arg is not None:
        return frozenset({keyword.arg})
    written = ast.unparse(keyword.value)
    if written not in SPREAD:
        raise UnreadableLogCallError(
            f"{where}: **{written} hides fields; name them, or tell tools/log_events.py what it holds"
        )
    return SPREAD[written]
