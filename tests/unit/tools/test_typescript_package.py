"""Checks of the TypeScript package that need no node."""

import json
import re
from typing import Any

from tools.typescript_drift import PACKAGE, ROOT

FOLDER = ROOT / PACKAGE


def manifest(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return content


def test_lock_names_versions_and_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert "omit-lockfile-registry-resolved=true" in (FOLDER / ".npmrc").read_text()
    assert all(
        "integrity" in one
        for path, one in manifest("package-lock.json")["packages"].items()
        if path
    )


def test_lock_matches_the_manifest() -> None:
    package, locked = manifest("package.json"), manifest("package-lock.json")["packages"][""]

    for field in ("version", "dependencies", "peerDependencies", "devDependencies", "engines"):
        assert package[field] == locked[field], f"run `npm install` in {PACKAGE}"


def test_published_licence_is_the_repositorys() -> None:
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_live_update_client_stays_small() -> None:
    assert len((FOLDER / "src" / "live_updates.ts").read_text().splitlines()) <= 160


def test_readme_names_every_method_of_the_clients() -> None:
    readme = (FOLDER / "README.md").read_text()
    for name in ("teacher", "admin", "auth"):
        source = (FOLDER / "src" / f"{name}.ts").read_text()
        body = re.search(rf"export interface {name.title()}Client {{(.*?)\n}}", source, re.DOTALL)
        assert body is not None

        for method in re.findall(r"^  (\w+)\(", body.group(1), re.MULTILINE):
            assert f"`{method}(" in readme, method
