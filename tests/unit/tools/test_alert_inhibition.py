"""Of the alerts that fire in a scene, Alertmanager sends the one that names the cause."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
OPS = HERE.parents[2] / "ops"
RULES: list[dict[str, Any]] = yaml.safe_load((OPS / "alertmanager.yml").read_text())[
    "inhibit_rules"
]
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((OPS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
SCENES = {
    scene["name"]: scene
    for scene in yaml.safe_load((HERE / "alert_scenes.yml").read_text())["tests"]
}
MATCHER = re.compile(r'(\w+)(=~?)"(.*)"')

Labels = dict[str, str]


def matches(alert: Labels, matchers: list[str]) -> bool:
    """As Alertmanager reads them; a pattern matches the whole value."""
    found = [MATCHER.fullmatch(one) for one in matchers]
    assert all(found), matchers
    return all(
        re.fullmatch(one[3] if one[2] == "=~" else re.escape(one[3]), alert.get(one[1], ""))
        for one in found
        if one
    )


def sent(firing: list[Labels]) -> list[str]:
    """The names of the alerts that no other one inhibits."""

    def inhibited(alert: Labels) -> bool:
        return any(
            matches(alert, rule["target_matchers"])
            and matches(cause, rule["source_matchers"])
            and all(alert.get(name) == cause.get(name) for name in rule.get("equal", ()))
            for rule in RULES
            for cause in firing
            if cause is not alert
        )

    return [alert["alertname"] for alert in firing if not inhibited(alert)]


def firing_at_the_end_of(scene: str) -> list[Labels]:
    """The alerts that promtool finds firing there."""
    samples = SCENES[scene]["promql_expr_test"][-1]["exp_samples"]
    return [dict(re.findall(r'(\w+)="([^"]*)"', one["labels"])) for one in samples]


@pytest.mark.parametrize(
    ("scene", "cause"),
    [
        ("RAS is away for an hour", "CircuitBreakerOpen"),
        ("CMS recovers and fails again", "CircuitBreakerFlaps"),
        ("the teacher BFF is gone", "ServiceDown"),
    ],
)
def test_one_cause_is_one_alert(scene: str, cause: str) -> None:
    firing = firing_at_the_end_of(scene)

    assert len(firing) > 1
    assert sent(firing) == [cause]


def test_causes_that_have_nothing_to_do_with_each_other_are_all_sent() -> None:
    firing = [
        {"alertname": "RedisAway", "job": "gateway"},
        {"alertname": "CircuitBreakerOpen", "job": "bff_teacher", "service": "ras"},
        {"alertname": "ErrorBudgetBurnsFast", "job": "config_service"},
        {"alertname": "ConfirmationUnknown"},
    ]

    assert len(sent(firing)) == len(firing)


def test_each_inhibition_names_alerts_that_exist_and_labels_that_both_have() -> None:
    for rule in RULES:
        for side in ("source_matchers", "target_matchers"):
            (pattern,) = (
                m[3] for one in rule[side] if (m := MATCHER.fullmatch(one)) and m[1] == "alertname"
            )
            named = [name for name in ALERTS if re.fullmatch(pattern, name)]
            assert len(named) >= pattern.count("|") + 1, pattern
            for name in named:
                kept = set(
                    re.findall(
                        r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", ALERTS[name]["expr"]))
                    )
                )
                assert not kept or set(rule.get("equal", ())) <= kept, (name, rule)
