"""promtool accepts the files, and the alerts fire as intended."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OPS = HERE.parents[2] / "ops"
PROMTOOL = shutil.which("promtool")

with_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool here: install the package prometheus"
)


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run(
        [PROMTOOL, *words], capture_output=True, text=True, timeout=60, check=False
    )


@with_promtool
def test_prometheus_would_load_the_files() -> None:
    checked = promtool("check", "config", str(OPS / "prometheus.yml"))

    assert checked.returncode == 0, checked.stdout + checked.stderr


@with_promtool
def test_alerts_fire_in_an_outage_and_not_on_a_quiet_day() -> None:
    tested = promtool("test", "rules", str(HERE / "alert_scenes.yml"))

    assert tested.returncode == 0, tested.stdout + tested.stderr
