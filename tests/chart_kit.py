"""Test kit of the chart: its manifests by kind, and the environments that they give."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tools.chart import generated_files
from tools.chart.manifests import VALUE_FILES, Manifest, Values, merged, rendered, values_of
from tools.settings_tables import settings_of

needs_helm = pytest.mark.skipif(
    find_spec("helm_python") is None, reason="helm-python-sdk has no wheel for this machine"
)
SERVICES = generated_files.services()
SETS = {"-".join(files).replace(".yaml", "") or "values": files for files in VALUE_FILES}


def of_kind(objects: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Objects of a kind by the component that their labels name."""
    return {
        one["metadata"]["labels"].get("app.kubernetes.io/component", ""): one
        for one in objects
        if one["kind"] == kind
    }


def pods(objects: list[Manifest]) -> Iterator[Manifest]:
    for one in objects:
        if one["kind"] in {"Deployment", "Job"}:
            yield one["spec"]["template"]["spec"]


def environment(workload: Manifest) -> dict[str, str]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"]}


def with_value(files: tuple[str, ...], values: Values) -> list[Manifest]:
    return rendered(merged(values_of(files), values))


def loaded(name: str, workload: Manifest, folder: Path) -> Any:
    """The settings of a service, from the environment of its manifest; secrets are made up."""
    return settings_of(name).load(given(workload, folder))


def given(workload: Manifest, folder: Path, **secrets: str) -> dict[str, str]:
    """The environment of a pod, with its secrets in files of a folder; some are made up."""
    variables = {}
    for variable, value in environment(workload).items():
        variables[variable] = value
        if variable.endswith("_FILE"):
            secret = variable.removesuffix("_FILE")
            file = folder / variable
            file.write_text(secrets.get(secret, made_up(secret)) + "\n")
            variables[variable] = str(file)
    return variables


def made_up(variable: str) -> str:
    if variable == "REDIS_URL":
        return "redis://:password@redis:6379/0"
    if variable.endswith("_URL"):
        return "postgresql://user:password@postgres:5432/database"
    return f"made up for {variable}; long enough"
