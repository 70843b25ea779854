"""The chart's pods as processes, with the commands, environments and probes that it renders."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import child_process
from tests.chart_kit import SERVICES, given, needs_helm, of_kind
from tests.config_service_kit import fresh_postgres
from tests.faults.tiny_process import LIMIT, Running, request, wait_for
from tests.ports import free_port
from tools.chart.manifests import Manifest, rendered
from tools.settings_tables import settings_of

pytestmark = [needs_helm, pytest.mark.postgres]

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


@pytest.fixture(scope="module")
def deployments() -> dict[str, Manifest]:
    values = {name: {"shutdown": {"grace": 5}} for name in SERVICES}
    return of_kind(rendered(values), "Deployment")


@pytest.fixture(scope="module")
def database(postgres_url: str) -> str:
    return fresh_postgres(postgres_url)


@contextmanager
def running(
    name: str, deployment: Manifest, folder: Path, redis_url: str, database: str
) -> Iterator[Running]:
    """The process of a pod, at a port of its own."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    stores = {"BFF_TEACHER_SERVICE_LEDGER_URL": database, "CONFIG_SERVICE_DATABASE_URL": database}
    port, output = free_port(), folder / "output"
    uploads = {"BFF_TEACHER_SERVICE_UPLOAD_DIR": str(folder)} if name == "bff_teacher" else {}
    place = {f"{settings_of(name).model_config.get('env_prefix')}PORT": str(port)}
    variables = given(deployment, folder, REDIS_URL=redis_url, **stores) | place | uploads
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, *container["command"][1:]],
            env={"PATH": os.environ["PATH"]} | variables,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, output)
        yield Running(process, port, output)
    finally:
        child_process.kill(process)


@pytest.mark.redis
@pytest.mark.parametrize("name", SERVICES)
async def test_pod_answers_its_probes_drains_and_ends(
    name: str,
    deployments: dict[str, Manifest],
    redis_url: str,
    database: str,
    tmp_path: Path,
) -> None:
    pod = deployments[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    with running(name, deployments[name], tmp_path, redis_url, database) as process:
        for probe in PROBES:
            answer = await process.send(request(f"GET {container[probe]['httpGet']['path']}"))
            assert answer.status == 200, probe
        metrics = (await process.send(request("GET /metrics"))).body.decode()

        process.process.send_signal(signal.SIGTERM)
        draining = await process.until_draining()
        code = process.process.wait(LIMIT + pod["terminationGracePeriodSeconds"])

    streams = SERVICES[name].get("streams")
    assert streams is None or f"\n{streams} " in metrics
    assert (draining.status, code) == (503, 0)
