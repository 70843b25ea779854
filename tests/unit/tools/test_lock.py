"""The lock gives every interpreter the same packages, and is that of `pyproject.toml`."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


@pytest.fixture(scope="module")
def packages() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    return found


def test_every_interpreter_gets_one_version_of_each_package(packages: list[dict[str, Any]]) -> None:
    versions = Counter(package["name"] for package in packages)

    assert [name for name, count in versions.items() if count > 1] == []


def test_lock_is_that_of_the_project(
    project: dict[str, Any], packages: list[dict[str, Any]]
) -> None:
    (own,) = (package for package in packages if package["name"] == project["name"])
    locked = [
        (entry["name"], entry.get("specifier", ""))
        for entry in own["metadata"]["requires-dist"]
        if "extra ==" not in entry.get("marker", "")
    ]
    wanted = map(Requirement, project["dependencies"])

    assert sorted(locked) == sorted((one.name, _as_uv_writes(one)) for one in wanted)


def _as_uv_writes(requirement: Requirement) -> str:
    """The specifier, lower bound first."""
    return ",".join(sorted(map(str, requirement.specifier), reverse=True))
