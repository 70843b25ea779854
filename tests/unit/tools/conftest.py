"""The chart's manifests, rendered once for each set of value files."""

import pytest

from tests.chart_kit import SETS
from tools.chart.manifests import Manifest, rendered, values_of


@pytest.fixture(scope="module", params=SETS)
def objects(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(values_of(SETS[request.param]))


@pytest.fixture(scope="module")
def cloud() -> list[Manifest]:
    return rendered(values_of(("values-cloud.yaml",)))
