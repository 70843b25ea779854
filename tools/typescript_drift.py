"""Checks without node that the TypeScript types match the OpenAPI snapshots."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "./dev generate"
PACKAGE = Path("sdk") / "typescript"
SNAPSHOTS = Path("openapi")
SERVICES = {"api": "gateway", "schemas": "gateway", "shapes": "gateway"}
"""The service whose snapshot each file is generated from."""

# As `scripts/generate.mjs` writes it.
_HEAD = re.compile(
    r"// Generated .*\n"
    r"// from openapi/(?P<source>\S+) sha256:(?P<document>[0-9a-f]{64})\n"
    r"// what follows sha256:(?P<types>[0-9a-f]{64})\n"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """A file of types that does not match its snapshot, with the reason."""

    types: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.types}: {self.reason}; run `{COMMAND}` and commit it"


def drifts_in(root: Path) -> list[Drift]:
    """Every drift below a folder with `openapi/` and the package."""
    found = [_drift(root, types, f"{service}.json") for types, service in SERVICES.items()]
    return [drift for drift in found if drift is not None]


def _drift(root: Path, name: str, source: str) -> Drift | None:
    types = PACKAGE / "src" / "generated" / f"{name}.ts"
    if not (root / types).is_file():
        return Drift(types, "is missing")
    text = (root / types).read_text(encoding="utf-8")
    head = _HEAD.match(text)
    if head is None or head["source"] != source:
        return Drift(types, f"does not name its source {SNAPSHOTS / source}")
    if head["document"] != _hash((root / SNAPSHOTS / source).read_bytes()):
        return Drift(types, f"{SNAPSHOTS / source} has changed since")
    if head["types"] != _hash(text[head.end() :].encode()):
        return Drift(types, "was changed by hand")
    return None


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Print a line for each drift below the given folder, or the repository."""
    drifts = drifts_in(Path(arguments[0]) if arguments else ROOT)
    for drift in drifts:
        print(drift)
    return 1 if drifts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
