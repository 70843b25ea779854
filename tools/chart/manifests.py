"""Manifests of the chart, rendered by Helm's own library without a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from tools.chart.generated_files import CHART

Manifest = dict[str, Any]
Values = dict[str, Any]

RELEASE, NAMESPACE = "huleedu", "bff"
VALUE_FILES: tuple[tuple[str, ...], ...] = (
    (),
    ("values-k3s.yaml",),
    ("values-cloud.yaml",),
    ("values-cloud.yaml", "values-keda.yaml"),
)
"""The value files that are given together, beside values.yaml."""
# The same as SafeLoader, but in C where libyaml is there.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HARMLESS = "icon is recommended"


class ChartRefused(Exception):
    """Helm refuses the chart or the values; carries its message."""


def helm() -> Any:
    """Helm's library.

    Raises:
        ImportError: There is no wheel for this machine.
    """
    return import_module("helm_python")


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Values:
    """Values as Helm merges them: objects by key, everything else as a whole."""
    together = dict(below)
    for key, value in above.items():
        under = together.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            value = merged(under, value)  # noqa: PLW2901 - the merged value is the value
        together[key] = value
    return together


def values_of(files: Sequence[str], chart: Path = CHART) -> Values:
    """The values of some files, a later one over an earlier one."""
    values: Values = {}
    for name in files:
        values = merged(values, yaml.safe_load((chart / name).read_text("utf-8")))
    return values


def rendered(values: Values, chart: Path = CHART, release: str = RELEASE) -> list[Manifest]:
    """Every object of the chart with these values over its defaults.

    Raises:
        ChartRefused: The schema or a template refuses the values.
    """
    library = helm()
    try:
        with library.Chart.load(chart) as loaded:
            loaded.validate_schema(values)
            texts = loaded.render(values, name=release, namespace=NAMESPACE)
    except library.HelmError as error:
        raise ChartRefused(str(error)) from error
    return list(_objects(texts))


def _objects(texts: Mapping[str, str]) -> Iterator[Manifest]:
    for name, text in texts.items():
        if not name.endswith(".txt"):
            yield from (one for one in yaml.load_all(text, _LOADER) if one)


def lint_faults(values: Values, kube_version: str, chart: Path = CHART) -> Iterator[str]:
    """Yield what `helm lint --strict` complains of."""
    report = helm().lint(chart, values, strict=True, kube_version=kube_version)
    for message in report["messages"]:
        if _HARMLESS not in message["error"]:
            yield f"lint: {message['path']}: {message['error']}"
    yield from (f"lint: {error}" for error in report["errors"])
