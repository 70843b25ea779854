"""What each service has promised its callers, on record: it only grows, until a new version."""

import json
import re
from pathlib import Path
from typing import Any

from tools.openapi_breaks import breaks

Json = dict[str, Any]

# Words for people, and what changes with every release.
_WORDS = frozenset({"description", "summary", "title", "example", "examples", "tags", "info"})
_NAMES = frozenset({"properties", "schemas", "headers", "responses", "paths", "content"})
"""Whose keys are names of ours: a field may be called `title`."""
_VERSION = re.compile(r"\.v(\d+)\.json$")


def promises_of(document: Json) -> Json:
    """A document without what nobody can rely on."""
    promises: Json = _stripped(document)
    return promises


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _stripped(one) for name, one in inner.items()}
        if key in _NAMES and isinstance(inner, dict)
        else _stripped(inner)
        for key, inner in node.items()
        if key not in _WORDS
    }


def baselines_in(folder: Path, service: str) -> list[Path]:
    """The records of a service, the oldest version first."""
    found = folder.glob(f"{service}.v*.json")
    return sorted(found, key=lambda path: int(_VERSION.findall(path.name)[0]))


def record(folder: Path, service: str, document: Json, *, anew: bool = False) -> Path | None:
    """Record additions, or with `anew` a version that breaks; the path when it was written.

    What breaks callers is not recorded, and the check then says so.
    """
    known = baselines_in(folder, service)
    promises = promises_of(document)
    if known and not anew:
        before = json.loads(known[-1].read_text())
        if before == promises or breaks(before, document):
            return None
        return _write(known[-1], promises)
    return _write(folder / f"{service}.v{len(known) + 1}.json", promises)


def _write(path: Path, promises: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(promises, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path
