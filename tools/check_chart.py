"""Checks the Helm chart without a cluster: lint, all manifests, refused values, generated files."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.chart import generated_files, manifests, validation
from tools.chart.manifests import ChartRefused, Manifest

REFUSALS = Path(__file__).with_name("chart") / "refusals.yaml"
NEWEST = f"v{validation.KUBERNETES[-1]}.0"
SKIPPED = 77
"""Exit code of a check that this machine cannot run."""


def findings() -> Iterator[str]:
    """Yield a line for every fault."""
    yield from generated_files.drift()
    # Most objects are the same with other value files.
    objects: dict[str, Manifest] = {}
    for files in manifests.VALUE_FILES:
        values = manifests.values_of(files)
        name = " and ".join(files) or "values.yaml"
        yield from (f"{name}: {line}" for line in manifests.lint_faults(values, NEWEST))
        try:
            found = manifests.rendered(values)
        except ChartRefused as error:
            yield f"{name}: refused: {error}"
            continue
        objects |= {json.dumps(one, sort_keys=True): one for one in found}
    yield from validation.faults(objects.values())
    for refusal in yaml.safe_load(REFUSALS.read_text("utf-8")):
        yield from refusal_faults(refusal)


def refusal_faults(refusal: dict[str, Any]) -> Iterator[str]:
    """Values that must not be accepted, and must be refused in these words."""
    try:
        manifests.rendered(refusal["values"])
    except ChartRefused as error:
        missing = [word for word in refusal["words"] if word not in str(error)]
        if missing:
            yield f"{refusal['name']}: refused, but without saying {missing}: {error}"
    else:
        yield f"{refusal['name']}: these values are accepted; tools/chart/values_schema.yaml"


def main() -> int:
    """Exit code 1 and a line per finding, else 0."""
    try:
        manifests.helm()
    except (ImportError, OSError) as error:
        print(f"there is no wheel of helm-python-sdk for this machine ({error})")
        return SKIPPED
    found = list(findings())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
