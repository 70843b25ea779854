"""A real Prometheus with our rules beside a devstack in normal use: no alert, no warning.

`QUIET_MINUTES=10 ./dev test tests/e2e/test_quiet_minutes.py -s` uses the stack for as long; by
default it is used twice, which shows that every rule can be evaluated on what the services export.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.seed.people import ADMIN, ANNA, ERIK, SARA
from tests import child_process
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.normal_use import NewLines, Person, loud_lines, use_as_a_teacher, use_as_an_admin
from tests.e2e.patience import wait_until
from tests.ports import free_port

OPS = Path(__file__).resolve().parents[2] / "ops"
MINUTES = float(os.environ.get("QUIET_MINUTES", "0"))
PAUSE = 2.0
"""Seconds between two people who look at all their screens."""
TARGET = re.compile(r'"(gateway|bff_teacher|bff_admin|config_service):(\d+)"')
PROMETHEUS = shutil.which("prometheus")

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None, reason="no Prometheus here: install the package prometheus"
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with demo_stack(tmp_path_factory.mktemp("devstack"), "--scenario") as (stack, _):
        yield stack


class Prometheus:
    """Its answers to queries."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **params: str) -> Any:
        answer = httpx.get(f"{self._url}/api/v1/{path}", params=params, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self._url}/-/ready", timeout=10).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def prometheus(stack: DemoStack, folder: Path) -> Iterator[Prometheus]:
    """A server with the shipped configuration; only addresses, and the pace, are the test's."""
    shifted = TARGET.sub(lambda found: f'"{address(stack, int(found[2]))}"', shipped())
    (folder / "prometheus.yml").write_text(shifted)
    shutil.copy(OPS / "alerts.yml", folder)
    port = free_port()
    command = [
        str(PROMETHEUS),
        *("--config.file", str(folder / "prometheus.yml")),
        *("--storage.tsdb.path", str(folder / "data")),
        *("--web.listen-address", f"127.0.0.1:{port}"),
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        server = Prometheus(f"http://127.0.0.1:{port}")
        try:
            wait_until(server.is_ready)
            yield server
        finally:
            child_process.end(process)


def shipped() -> str:
    """The shipped configuration without the alert manager, at a pace for a short run."""
    text = (OPS / "prometheus.yml").read_text()
    text = re.sub(r"alerting:\n(?:[ -].*\n)+", "", text)
    return text if MINUTES else re.sub(r"interval: 15s", "interval: 5s", text)


def address(stack: DemoStack, port: int) -> str:
    return stack.url(port).removeprefix("http://")


def test_normal_use_fires_no_alert_and_warns_of_nothing(stack: DemoStack, tmp_path: Path) -> None:
    before = NewLines(stack.home / "logs")
    with prometheus(stack, tmp_path) as server:
        requests = use_for(stack, MINUTES * 60)
        wait_until(lambda: all_scraped(server))
        rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
        fired = server.get("query", query='count_over_time(ALERTS{alertstate="firing"}[1h])')

    logs = before.read()
    lines = {name: len(text) for name, text in logs.items() if text}
    print(f"{requests} requests, lines by log: {lines}")  # noqa: T201 - seen with pytest -s
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    assert len(rules) > 20
    assert fired["result"] == []
    assert loud_lines(logs) == {}
    assert all(count <= requests for count in lines.values())


def use_for(stack: DemoStack, seconds: float) -> int:
    """The number of requests that people have made."""
    end, requests = time.monotonic() + seconds, 0
    while True:
        for who in (ANNA, ERIK, SARA):
            with Person(stack, who) as teacher, Person(stack, ADMIN) as admin:
                use_as_a_teacher(teacher)
                use_as_an_admin(admin)
                requests += len(teacher.ids) + len(admin.ids)
            if time.monotonic() > end:
                return requests
            time.sleep(PAUSE)


def all_scraped(server: Prometheus) -> bool:
    """True if every target has been read, and every rule evaluated since."""
    targets = server.get("targets")["activeTargets"]
    rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
    return (
        len(targets) >= 4
        and all(one["health"] == "up" for one in targets)
        and all(rule["health"] != "unknown" for rule in rules)
    )
