"""Writes the generated tables of docs/operations.md; `--check` only compares."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tools import settings_tables
from tools.log_events import EVERYWHERE, LogCall, UnreadableLogCallError, all_calls
from tools.markdown import generated, table, with_generated
from tools.metric_inventory import Metric, all_metrics

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
WRITE = "run `./dev generate`"
_LABEL_HEAD = ("Metric", "Type", "Labels", "Meaning")
_PROCESS = "process_"
_EVENT_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
_FIELD_ROW = re.compile(r"^\| `([\w.]+)` \| [^|]+ \|$", re.MULTILINE)


def metric_table() -> str:
    return table(_LABEL_HEAD, _metric_rows(all_metrics()))


def _metric_rows(metrics: Sequence[Metric]) -> Iterator[tuple[str, ...]]:
    """One row a metric; a metric of every service is one row without the prefix."""
    services = {metric.service for metric in metrics}
    shared: dict[str, set[str]] = {}
    for metric in metrics:
        shared.setdefault(_bare(metric), set()).add(metric.service)
    seen: set[str] = set()
    for metric in sorted(metrics, key=_bare):
        name = _bare(metric) if shared[_bare(metric)] == services else metric.name
        if name in seen:
            continue
        seen.add(name)
        everywhere = name != metric.name
        shown = f"`<service>_{name}`" if everywhere else f"`{name}`"
        yield (
            shown,
            metric.kind,
            ", ".join(f"`{one}`" for one in metric.labels),
            metric.documentation,
        )


def _bare(metric: Metric) -> str:
    return metric.name.removeprefix(f"{metric.service}_")


PARTS: Mapping[str, Callable[[], str]] = {
    "metrics": metric_table,
    "settings": settings_tables.tables,
}


def written(page: str) -> str:
    """The page with its tables generated from the code."""
    for name, make in PARTS.items():
        page = with_generated(page, name, make())
    return page


def drift(page: str) -> Iterator[str]:
    """Yield every row that differs between the page and the code."""
    for name, make in PARTS.items():
        documented, actual = generated(page, name).splitlines(), make().splitlines()
        for line in sorted(set(documented) - set(actual)):
            yield f"docs/operations.md, {name}: the code no longer has this; {WRITE}: {line}"
        for line in sorted(set(actual) - set(documented)):
            yield f"docs/operations.md, {name}: this is missing; {WRITE}: {line}"
        if documented != actual and set(documented) == set(actual):
            yield f"docs/operations.md, {name}: the rows are in another order; {WRITE}"


def log_faults(page: str, calls: Sequence[LogCall]) -> Iterator[str]:
    """Yield events and fields that the page lacks, and those that are never logged."""
    section = page[page.index("## Logs") :]
    section = section[: section.index("\n## ")]
    documented = {
        event: set(re.findall(r"`([\w.]+)`", fields))
        for event, _, fields in _EVENT_ROW.findall(section)
    }
    explained = set(_FIELD_ROW.findall(section))
    logged: dict[str, set[str]] = {}
    for call in calls:
        logged.setdefault(call.event, set()).update(call.fields - EVERYWHERE)
        if call.event not in documented:
            yield f"{call.where}: docs/operations.md, Logs, has no row for {call.event}; add one"
    for event, fields in documented.items():
        if event not in logged:
            yield f"docs/operations.md, Logs: no code logs {event}; remove its row"
        elif fields != logged[event]:
            names = ", ".join(f"`{one}`" for one in sorted(logged[event]))
            yield f"docs/operations.md, Logs: the fields of {event} are {names or 'none'}; say so"
    for field in sorted(set().union(EVERYWHERE, *logged.values()) - explained):
        yield f"docs/operations.md, Logs: the field {field} is not explained; add a row"
    for field in sorted(explained - set().union(EVERYWHERE, *logged.values())):
        yield f"docs/operations.md, Logs: no event has the field {field}; remove its row"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it; exit code 1 and a line per difference, else 0."""
    page = PAGE.read_text("utf-8")
    try:
        if "--check" not in arguments:
            PAGE.write_text(written(page), "utf-8")
            return 0
        found = [*drift(page), *log_faults(page, all_calls())]
    except (settings_tables.UndescribedSettingError, UnreadableLogCallError) as error:
        found = [str(error.args[0])]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
