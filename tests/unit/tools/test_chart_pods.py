"""Every pod of the chart is restricted, is asked for its health, and ends in peace."""

import math
from pathlib import Path

from bff_core.server.run import STOP_SECONDS
from tests.chart_kit import SERVICES, loaded, needs_helm, of_kind, pods, with_value
from tools.chart.manifests import Manifest
from tools.settings_tables import settings_of

pytestmark = needs_helm


def test_every_pod_is_restricted(objects: list[Manifest]) -> None:
    for pod in pods(objects):
        context = pod["securityContext"]

        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == 10001
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)


def test_every_container_is_restricted(objects: list[Manifest]) -> None:
    containers = [one for pod in pods(objects) for one in pod["containers"]]

    assert containers
    for container in containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"]["cpu"]


def test_writable_volumes_have_a_limit(objects: list[Manifest]) -> None:
    volumes = [volume for pod in pods(objects) for volume in pod["volumes"]]

    kinds = {kind for volume in volumes for kind in volume if kind != "name"}
    assert kinds <= {"emptyDir", "projected", "configMap", "persistentVolumeClaim"}
    assert all(one["emptyDir"]["sizeLimit"] for one in volumes if "emptyDir" in one)


def test_probes_ask_the_paths_that_are_meant_for_them(objects: list[Manifest]) -> None:
    deployments = of_kind(objects, "Deployment")

    assert set(deployments) == set(SERVICES)
    for name, one in deployments.items():
        (container,) = one["spec"]["template"]["spec"]["containers"]
        paths = {
            probe: container[f"{probe}Probe"]["httpGet"]["path"]
            for probe in ("startup", "liveness", "readiness")
        }
        assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/ready"}
        assert (
            container["ports"][0]["containerPort"] == settings_of(name).model_fields["port"].default
        )
        assert container["command"] == ["python", "-m", f"services.{name}"]


def test_pods_are_killed_after_the_service_has_drained(
    objects: list[Manifest], tmp_path: Path
) -> None:
    for name, one in of_kind(objects, "Deployment").items():
        settings = loaded(name, one, tmp_path)
        patience = one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]

        assert patience >= settings.drains_for + settings.shutdown_grace + STOP_SECONDS


def test_grace_follows_the_settings(tmp_path: Path) -> None:
    changed = with_value((), {"gateway": {"shutdown": {"delay": 7.5, "grace": 90.2}}})
    gateway = of_kind(changed, "Deployment")["gateway"]

    settings = loaded("gateway", gateway, tmp_path)
    patience = gateway["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert (settings.drains_for, settings.shutdown_grace) == (7.5, 90.2)
    assert patience == math.ceil(7.5) + math.ceil(90.2) + STOP_SECONDS
