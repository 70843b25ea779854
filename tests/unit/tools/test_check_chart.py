"""The check of the chart finds what an API server would refuse, and files that drifted."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart_kit import needs_helm
from tools import check_chart
from tools.chart import generated_files, manifests, validation
from tools.chart.generated_files import CHART
from tools.chart.manifests import Manifest, values_of

pytestmark = needs_helm

REFUSALS = yaml.safe_load(check_chart.REFUSALS.read_text("utf-8"))


@pytest.fixture
def objects() -> list[Manifest]:
    return manifests.rendered(values_of(("values-cloud.yaml", "values-keda.yaml")))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A copy at the same depth, so that messages name the same paths."""
    copy = tmp_path / "ops" / "helm" / "huleedu-bff"
    shutil.copytree(CHART, copy)
    return copy


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one["name"])
def test_broken_values_are_refused_in_clear_words(refusal: dict[str, Any]) -> None:
    assert list(check_chart.refusal_faults(refusal)) == []


def test_values_that_are_accepted_are_no_refusal() -> None:
    (line,) = check_chart.refusal_faults({"name": "harmless", "values": {}, "words": ["x"]})

    assert line.startswith("harmless: these values are accepted")


def test_refusal_in_other_words_is_reported() -> None:
    broken = {"name": "broken", "values": {"gateway": {"replicas": -1}}, "words": ["no such word"]}

    (line,) = check_chart.refusal_faults(broken)
    assert "without saying ['no such word']" in line


@pytest.mark.parametrize("version", validation.KUBERNETES)
def test_unknown_field_is_refused_by_every_version(objects: list[Manifest], version: str) -> None:
    deployment = next(one for one in objects if one["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}

    found = list(validation.faults(objects))

    assert any(f"Kubernetes {version}: spec.template.spec.containers.0" in line for line in found)
    assert all("readinesProbe" in line for line in found)


@pytest.mark.parametrize("kind", ["HTTPRoute", "ServiceMonitor", "PrometheusRule", "ScaledObject"])
def test_unknown_field_of_a_custom_resource_is_refused(objects: list[Manifest], kind: str) -> None:
    next(one for one in objects if one["kind"] == kind)["spec"]["unknown"] = 1

    (line,) = validation.faults(objects)

    assert line.startswith(kind)
    assert "unknown" in line


def test_duration_without_a_unit_is_refused(objects: list[Manifest]) -> None:
    route = next(one for one in objects if one["kind"] == "HTTPRoute")
    route["spec"]["rules"][0]["timeouts"]["request"] = "0"

    (line,) = validation.faults(objects)

    assert "timeouts.request" in line


def test_kind_that_no_schema_knows_is_refused(objects: list[Manifest]) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Riddle", "metadata": {"name": "x"}}

    found = list(validation.faults([*objects, unknown]))

    assert len(found) == len(validation.KUBERNETES)


@pytest.mark.parametrize("name", ["values.schema.json", "files/settings.json", "files/alerts.yml"])
def test_changed_generated_file_is_named_with_the_remedy(chart: Path, name: str) -> None:
    with (chart / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    (line,) = generated_files.drift(chart)

    assert line == f"ops/helm/huleedu-bff/{name} differs from its source; run `./dev generate`"


def test_generated_files_match_their_sources() -> None:
    assert generated_files.main(["--check"]) == 0


def test_template_that_does_not_render_is_reported(chart: Path) -> None:
    (chart / "templates" / "broken.yaml").write_text("a: {{ .Values.gateway.missing.field }}\n")

    with pytest.raises(manifests.ChartRefused, match="missing"):
        manifests.rendered({}, chart)


def test_every_value_file_passes_lint() -> None:
    for files in manifests.VALUE_FILES:
        assert list(manifests.lint_faults(values_of(files), check_chart.NEWEST)) == []


def test_release_whose_names_would_be_cut_is_refused() -> None:
    with pytest.raises(manifests.ChartRefused, match="the name of the release is too long"):
        manifests.rendered({}, release="r" * 53)
