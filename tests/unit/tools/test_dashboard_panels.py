"""Each panel of the dashboard shows a number before anything has happened, never "No data"."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.tools.test_alert_scenes import PROMTOOL, with_promtool

DASHBOARD = Path(__file__).parents[3] / "ops" / "grafana-dashboard.json"
VALUES = {"app": "bff_teacher", "instance": ".*", "service": ".*", "__rate_interval": "5m"}


def queries() -> list[tuple[str, str]]:
    """Title and query, as Grafana sends it, of each target of each panel."""
    return [
        (panel["title"], re.sub(r"\$\{?(\w+)\}?", lambda found: VALUES[found[1]], target["expr"]))
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", [])
    ]


@with_promtool
@pytest.mark.parametrize("with_idle_service", [False, True])
def test_panel_without_data_shows_a_number(tmp_path: Path, *, with_idle_service: bool) -> None:
    idle = [
        {"series": f'bff_teacher_{name}{{instance="t", route="/a"{bucket}}}', "values": "0x20"}
        for name, bucket in (
            ("http_requests_total", ""),
            ("http_request_duration_seconds_count", ""),
            ("http_request_duration_seconds_bucket", ', le="1.0"'),
            ("http_request_duration_seconds_bucket", ', le="+Inf"'),
        )
    ]
    # A number equals itself: NaN, as of 0 / 0, and nothing at all do not.
    expected = [
        {
            "expr": f"count(({query}) == ({query})) > bool 0",
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for _, query in queries()
    ]
    scene = tmp_path / "panels.yml"
    test = {"input_series": idle if with_idle_service else [], "promql_expr_test": expected}
    scene.write_text(yaml.safe_dump({"tests": [test]}))

    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", str(scene)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
