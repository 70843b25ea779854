"""Whether alerts and dashboard in `ops/` ask for metrics, labels and runbooks that exist."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.markdown import anchors_in
from tools.metric_inventory import all_metrics, known_series
from tools.promql import UnreadableQueryError, asked_by

ROOT = Path(__file__).resolve().parent.parent
RUNBOOKS = "docs/operations.md"
SEVERITIES = frozenset({"critical", "warning"})
RENAMED = (
    "when the metric was renamed, rename it here as well, run `./dev generate` "
    "and say so in CHANGELOG.md: others have dashboards too"
)
_IN_TEXT = re.compile(r"\$labels\.(\w+)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_OF_GRAFANA = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}

Known = Mapping[str, frozenset[str]]


def query_faults(where: str, query: str, known: Known) -> Iterator[str]:
    """What keeps a query from being answered; nothing when all is well."""
    try:
        asked = asked_by(query)
    except UnreadableQueryError as error:
        yield f"{where}: {error}"
        return
    strangers = [name for name in asked.picked if name not in known]
    for name in strangers:
        yield f"{where}: there is no metric {name}; {RENAMED}"
    if strangers:
        return
    for name, labels in asked.picked.items():
        for label in sorted(labels - known[name]):
            yield f"{where}: {name} has no label {label}; it has {_listed(known[name])}"
    held = set().union(*(known[name] for name in asked.picked))
    for label in sorted(asked.grouped - held):
        yield f"{where}: none of its metrics has the label {label}; they have {_listed(held)}"


def alert_faults(text: str, known: Known, anchors: frozenset[str]) -> Iterator[str]:
    """Every fault of the alert rules: queries, severity, words, runbook."""
    for group in yaml.safe_load(text)["groups"]:
        for rule in group["rules"]:
            where = f"ops/alerts.yml, {rule['alert']}"
            yield from query_faults(where, rule["expr"], known)
            yield from _word_faults(where, rule, anchors)


def _word_faults(where: str, rule: Mapping[str, Any], anchors: frozenset[str]) -> Iterator[str]:
    told = rule.get("annotations", {})
    for name in ("summary", "description", "runbook_url"):
        if not told.get(name):
            yield f"{where}: it has no {name}"
    if rule.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"{where}: its severity is none of {_listed(SEVERITIES)}"
    page, _, anchor = told.get("runbook_url", "").partition("#")
    if page != RUNBOOKS or anchor not in anchors:
        yield f"{where}: {RUNBOOKS} has no heading #{anchor}; write the runbook, or mend the link"
    # Labels that the expression aggregates away are empty in the message.
    groups = re.findall(r"by \(([^)]*)\)", rule["expr"])
    kept = {label.strip() for group in groups for label in group.split(",")}
    for label in sorted(set(_IN_TEXT.findall(json.dumps(dict(told)))) - kept):
        if kept:
            yield f"{where}: its text shows {label}, which its expression does not keep"


def dashboard_faults(text: str, known: Known) -> Iterator[str]:
    """Every fault of the dashboard: each query is read for each value of the variable `app`."""
    board = json.loads(text)
    variables = {one["name"]: one for one in board["templating"]["list"]}
    for panel in board["panels"]:
        where = f"ops/grafana-dashboard.json, panel {panel['title']!r}"
        for target in panel.get("targets", []):
            for query in _filled(target["expr"], variables):
                yield from query_faults(where, query, known)
    for variable in variables.values():
        where = f"ops/grafana-dashboard.json, variable {variable['name']}"
        if variable["type"] == "query":
            for query in _filled(_queried(variable["query"]), variables):
                yield from query_faults(where, query, known)


def _filled(query: str, variables: Mapping[str, Any]) -> list[str]:
    """The query as Grafana would send it, once for each application."""
    apps = [option["value"] for option in variables["app"]["options"]]
    return [_with_values(query, {**_OF_GRAFANA, "app": app}, variables) for app in apps]


def _with_values(query: str, values: Mapping[str, str], variables: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values and name not in variables:
            return found[0]
        return values.get(name, "x")

    return _VARIABLE.sub(value, query)


def _queried(query: str) -> str:
    """`label_values(metric, label)` as a query that names both."""
    found = re.fullmatch(r"label_values\((.+), *(\w+)\)", query)
    return f"sum by ({found[2]}) ({found[1]})" if found else query


def _listed(words: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def faults() -> list[str]:
    """All faults of the files as they are."""
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
