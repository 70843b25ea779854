"""Alerts and dashboard match the code; each fault is one line with its remedy."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.check_metrics import alert_faults, dashboard_faults, faults, query_faults
from tools.markdown import anchors_in
from tools.metric_inventory import all_metrics, known_series

ROOT = Path(__file__).parents[3]
ALERTS = (ROOT / "ops" / "alerts.yml").read_text()
DASHBOARD = (ROOT / "ops" / "grafana-dashboard.json").read_text()
ANCHORS = anchors_in((ROOT / "docs" / "operations.md").read_text())

Known = dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def known() -> Known:
    return known_series(all_metrics())


def rule(**changes: Any) -> str:
    good: dict[str, Any] = {
        "alert": "Example",
        "expr": "sum by (job) (bff_teacher_ready) == 0",
        "labels": {"severity": "warning"},
        "annotations": {
            "summary": "{{ $labels.job }}",
            "description": "It is so.",
            "runbook_url": "docs/operations.md#service-down",
        },
    }
    return yaml.safe_dump({"groups": [{"name": "example", "rules": [{**good, **changes}]}]})


def test_committed_files_have_no_fault() -> None:
    assert faults() == []


def test_renamed_metric_fails_alerts_and_dashboard_with_the_remedy(known: Known) -> None:
    renamed = {
        name.replace("circuit_breaker_state", "breaker_state"): labels
        for name, labels in known.items()
    }

    found = [*alert_faults(ALERTS, renamed, ANCHORS), *dashboard_faults(DASHBOARD, renamed)]

    assert any("ops/alerts.yml, CircuitBreakerOpen" in line for line in found)
    assert any("ops/grafana-dashboard.json, panel 'Breakers'" in line for line in found)
    assert all("there is no metric" in line and "rename it here" in line for line in found)


@pytest.mark.parametrize(
    "name",
    [
        "up",
        "gateway_http_requests_total",
        "bff_admin_screen_parts_total",
        "bff_teacher_confirmations_total",
        "bff_teacher_http_request_duration_seconds_bucket",
        "config_service_failures_total",
        "process_max_fds",
    ],
)
def test_removed_metric_is_named(known: Known, name: str) -> None:
    fewer = {other: labels for other, labels in known.items() if other != name}

    assert any(
        f"there is no metric {name};" in line for line in alert_faults(ALERTS, fewer, ANCHORS)
    )


def test_label_that_no_metric_has_is_named(known: Known) -> None:
    (fault,) = query_faults("here", 'bff_teacher_ready{part="x"}', known)

    assert fault == "here: bff_teacher_ready has no label part; it has instance, job"


def test_grouping_by_an_unknown_label_is_named(known: Known) -> None:
    (fault,) = query_faults("here", "sum by (part) (bff_teacher_ready)", known)

    assert "none of its metrics has the label part" in fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": {"severity": "loud"}}, "severity"),
        ({"annotations": {}}, "no summary"),
        ({"expr": "sum by (job"}, "Example"),
        ({"expr": "sum by (instance) (bff_teacher_ready) == 0"}, "its text shows job"),
    ],
)
def test_incomplete_alert_rule_is_refused(
    known: Known, changes: dict[str, Any], words: str
) -> None:
    found = list(alert_faults(rule(**changes), known, ANCHORS))

    assert any(words in line for line in found)


def test_missing_runbook_is_named(known: Known) -> None:
    found = list(alert_faults(rule(), known, frozenset({"elsewhere"})))

    (fault,) = found
    assert fault.startswith("ops/alerts.yml, Example: docs/operations.md has no heading #service-d")
    assert fault.endswith("write the runbook, or mend the link")


def test_complete_alert_rule_has_no_fault(known: Known) -> None:
    assert list(alert_faults(rule(), known, ANCHORS)) == []


def test_unknown_dashboard_variable_is_a_fault(known: Known) -> None:
    board = json.loads(DASHBOARD)
    board["panels"][1]["targets"][0]["expr"] = "rate(${unknown}_ready[5m])"

    assert list(dashboard_faults(json.dumps(board), known))


def test_each_service_is_scraped_on_its_own_port() -> None:
    jobs = yaml.safe_load((ROOT / "ops" / "prometheus.yml").read_text())["scrape_configs"]

    targets = {one["job_name"]: one["static_configs"][0]["targets"] for one in jobs}
    ports = {job: target.rpartition(":")[2] for job, (target,) in targets.items()}
    assert ports == {
        "gateway": "8080",
        "bff_teacher": "4101",
        "bff_admin": "4102",
        "config_service": "4103",
    }
    assert {metric.service for metric in all_metrics()} == set(targets)
