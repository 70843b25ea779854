"""Checks that alerts and dashboard in `ops/` use metrics, labels and runbooks that exist."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tools.markdown import anchors_in
from tools.metric_inventory import all_metrics, known_series
from tools.promql import UnreadableQueryError, names_in

ROOT = Path(__file__).resolve().parent.parent
RUNBOOKS = "docs/operations.md"
SEVERITIES = frozenset({"critical", "warning"})
RENAMED = (
    "when the metric was renamed, rename it here as well, run `./dev generate` "
    "and list it in CHANGELOG.md: operators have dashboards of their own"
)
_TEXT_LABEL = re.compile(r"\$labels\.(\w+)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_GRAFANA_VARIABLES = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}

Known = Mapping[str, frozenset[str]]


def query_faults(where: str, query: str, known: Known) -> Iterator[str]:
    """Yield what is wrong with a query; `where` names its place."""
    try:
        names = names_in(query)
    except UnreadableQueryError as error:
        yield f"{where}: {error}"
        return
    unknown = [name for name in names.selected if name not in known]
    for name in unknown:
        yield f"{where}: there is no metric {name}; {RENAMED}"
    if unknown:
        return
    for name, labels in names.selected.items():
        for label in sorted(labels - known[name]):
            yield f"{where}: {name} has no label {label}; it has {_listed(known[name])}"
    available = set().union(*(known[name] for name in names.selected))
    for label in sorted(names.grouped - available):
        yield f"{where}: none of its metrics has the label {label}; they have {_listed(available)}"


def alert_faults(text: str, known: Known, anchors: frozenset[str]) -> Iterator[str]:
    """Yield every fault of the alert rules: queries, severity, annotations, runbook."""
    for group in yaml.safe_load(text)["groups"]:
        for rule in group["rules"]:
            where = f"ops/alerts.yml, {rule['alert']}"
            yield from query_faults(where, rule["expr"], known)
            yield from _annotation_faults(where, rule, anchors)


def _annotation_faults(
    where: str, rule: Mapping[str, Any], anchors: frozenset[str]
) -> Iterator[str]:
    annotations = rule.get("annotations", {})
    for name in ("summary", "description", "runbook_url"):
        if not annotations.get(name):
            yield f"{where}: it has no {name}"
    if rule.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"{where}: its severity is none of {_listed(SEVERITIES)}"
    page, _, anchor = annotations.get("runbook_url", "").partition("#")
    if page != RUNBOOKS or anchor not in anchors:
        yield f"{where}: {RUNBOOKS} has no heading #{anchor}; write the runbook, or mend the link"
    # Labels that the expression aggregates away are empty in the message.
    groups = re.findall(r"by \(([^)]*)\)", rule["expr"])
    kept = {label.strip() for group in groups for label in group.split(",")}
    for label in sorted(set(_TEXT_LABEL.findall(json.dumps(dict(annotations)))) - kept):
        if kept:
            yield f"{where}: its text shows {label}, which its expression does not keep"


def dashboard_faults(text: str, known: Known) -> Iterator[str]:
    """Yield every fault of the dashboard, with each query filled for each value of `app`."""
    board = json.loads(text)
    variables = {one["name"]: one for one in board["templating"]["list"]}
    for panel in board["panels"]:
        where = f"ops/grafana-dashboard.json, panel {panel['title']!r}"
        for target in panel.get("targets", []):
            for query in _fill(target["expr"], variables):
                yield from query_faults(where, query, known)
    for variable in variables.values():
        where = f"ops/grafana-dashboard.json, variable {variable['name']}"
        if variable["type"] == "query":
            for query in _fill(_label_values_query(variable["query"]), variables):
                yield from query_faults(where, query, known)


def _fill(query: str, variables: Mapping[str, Any]) -> list[str]:
    """The query as Grafana sends it, once for each application."""
    filled = []
    for option in variables["app"]["options"]:
        values = {**dict.fromkeys(variables, "x"), **_GRAFANA_VARIABLES, "app": option["value"]}
        filled.append(_VARIABLE.sub(partial(_value, values), query))
    return filled


def _value(values: Mapping[str, str], found: re.Match[str]) -> str:
    """The variable's value; an unknown variable stays, and makes the query unreadable."""
    return values.get(found[1], found[0])


def _label_values_query(query: str) -> str:
    """Rewrite `label_values(metric, label)` as a query that names both."""
    found = re.fullmatch(r"label_values\((.+), *(\w+)\)", query)
    return f"sum by ({found[2]}) ({found[1]})" if found else query


def _listed(words: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def faults() -> list[str]:
    """All faults of the committed files."""
    known = known_series(all_metrics())
    anchors = anchors_in((ROOT / RUNBOOKS).read_text())
    return [
        *alert_faults((ROOT / "ops/alerts.yml").read_text(), known, anchors),
        *dashboard_faults((ROOT / "ops/grafana-dashboard.json").read_text(), known),
    ]


def main() -> int:
    found = faults()
    for fault in dict.fromkeys(found):
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
