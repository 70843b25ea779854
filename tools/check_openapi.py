"""Refuses incomplete documents, stale snapshots, and changes that break callers."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from tools.openapi_baseline import baselines_in, promises_of
from tools.openapi_breaks import breaks
from tools.openapi_export import (
    BASELINES,
    COMMAND,
    SERVICES,
    app_of,
    document_from,
    screens_text,
    snapshot_of,
    written,
)
from tools.openapi_rules import findings_in, undocumented_in
from tools.screens_openapi import TARGET

REMEDY = "put it back, or give it a new version, as openapi/README.md describes"

Json = dict[str, Any]


def findings_of(service: str) -> Iterator[str]:
    """Yield every fault of a service's document, snapshot and baseline."""
    app = app_of(service)
    document = document_from(app)
    yield from undocumented_in(app, document)
    yield from findings_in(document)
    snapshot = snapshot_of(service)
    text = snapshot.read_text() if snapshot.exists() else ""
    yield from drift(service, document, text)
    if service == "gateway" and TARGET.read_text() != screens_text():
        yield f"{TARGET.name} is not what the BFFs say: run `{COMMAND}` and commit it"
    *_, newest = ["{}", *(path.read_text() for path in baselines_in(BASELINES, service))]
    yield from broken(service, json.loads(newest), document)


def drift(service: str, document: Json, snapshot: str) -> Iterator[str]:
    """Yield a line if the snapshot differs from the document."""
    if snapshot != written(document):
        yield f"openapi/{service}.json is not what the code says: run `{COMMAND}` and commit it"


def broken(service: str, promised: Json, document: Json) -> Iterator[str]:
    """Yield what the document breaks of the baseline, or that the baseline lacks additions."""
    if not promised:
        yield f"openapi/baseline/ has nothing of {service}: run `{COMMAND}` and commit it"
        return
    found = breaks(promised, document)
    for line in found:
        yield f"breaks callers: {line}; {REMEDY}"
    if not found and promised != promises_of(document):
        yield f"openapi/baseline/ lacks additions of {service}: run `{COMMAND}` and commit it"


def main() -> int:
    """Print every fault; returns the exit code."""
    found = [f"{service}: {line}" for service in SERVICES for line in findings_of(service)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
