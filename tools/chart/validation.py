"""Validation of manifests against the schemas of Kubernetes and of the custom resources."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from tools.chart.manifests import Manifest

KUBERNETES = ("1.33", "1.34", "1.35", "1.36", "1.37")
_CUSTOM = yaml.safe_load(Path(__file__).with_name("crd_schemas.yaml").read_text("utf-8"))
_DEFINITIONS = _CUSTOM.pop("$defs")


def faults(manifests: Iterable[Manifest]) -> Iterator[str]:
    """Yield a line for each field that an API server would refuse."""
    kinds: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in manifests:
        kinds.setdefault((manifest["apiVersion"], manifest["kind"]), []).append(manifest)
    for (api_version, kind), objects in kinds.items():
        if kind in _CUSTOM:
            yield from _custom_faults(_CUSTOM[kind], objects)
        else:
            yield from _kubernetes_faults(api_version, kind, objects)


def _custom_faults(schema: Manifest, objects: Iterable[Manifest]) -> Iterator[str]:
    validator = Draft202012Validator(schema | {"$defs": _DEFINITIONS})
    for one in objects:
        for error in validator.iter_errors(one):
            yield f"{_name(one)}: {error.json_path}: {error.message}"


def _kubernetes_faults(api_version: str, kind: str, objects: list[Manifest]) -> Iterator[str]:
    """Validates all objects of a kind as the list that the API has of it: its schemas are large."""
    library = import_module("kubernetes_validate")
    together = {"apiVersion": api_version, "kind": f"{kind}List", "items": objects}
    for version in KUBERNETES:
        try:
            library.validate(together, version, strict=True)
        except library.ValidationError as error:
            _, number, *steps = error.path
            place = ".".join(map(str, steps))
            yield f"{_name(objects[number])}: Kubernetes {version}: {place}: {error.message}"
        except library.SchemaNotFoundError as error:
            yield f"{kind}: Kubernetes {version}: {error.message}"


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"
