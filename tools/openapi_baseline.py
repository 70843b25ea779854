"""Baselines: the recorded promises of each service. They only grow within a version."""

import json
import re
from pathlib import Path
from typing import Any

from tools.openapi_breaks import breaks

Json = dict[str, Any]

# Texts for people, and values that change with every release.
_TEXTS = frozenset({"description", "summary", "title", "example", "examples", "tags", "info"})
_NAMED_MAPS = frozenset({"properties", "schemas", "headers", "responses", "paths", "content"})
"""Their keys are names of fields and the like, so a key `title` is not a text."""
_VERSION = re.compile(r"\.v(\d+)\.json$")


def promises_of(document: Json) -> Json:
    """The document without texts and other values that callers cannot rely on."""
    promises: Json = _stripped(document)
    return promises


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _stripped(one) for name, one in inner.items()}
        if key in _NAMED_MAPS and isinstance(inner, dict)
        else _stripped(inner)
        for key, inner in node.items()
        if key not in _TEXTS
    }


def baselines_in(folder: Path, service: str) -> list[Path]:
    """The baselines of a service, the oldest version first."""
    found = folder.glob(f"{service}.v*.json")
    return sorted(found, key=lambda path: int(_VERSION.findall(path.name)[0]))


def record(folder: Path, service: str, document: Json, *, anew: bool = False) -> Path | None:
    """Record additions, or with `anew` a new version; returns the path if it was written.

    Changes that break callers are not recorded, so that the check reports them.
    """
    known = baselines_in(folder, service)
    promises = promises_of(document)
    path = folder / f"{service}.v{len(known) + 1}.json"
    if known and not anew:
        path = known[-1]
        before = json.loads(path.read_text())
        if before == promises or breaks(before, document):
            return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(promises, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path
