"""Refuses a document that is incomplete, a snapshot that lags, and a change that breaks callers."""

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
    snapshot_of,
    written,
)
from tools.openapi_rules import findings_in, undocumented_in

REMEDY = "put it back, or give it a new version: openapi/README.md says how"

Json = dict[str, Any]


def findings_of(service: str) -> Iterator[str]:
    """What is wrong with the document of a service, a line each."""
    app = app_of(service)
    document = document_from(app)
    yield from undocumented_in(app, document)
    yield from findings_in(document)
    snapshot = snapshot_of(service)
    said = snapshot.read_text() if snapshot.exists() else ""
    yield from drift(service, document, said)
    *_, newest = ["{}", *(path.read_text() for path in baselines_in(BASELINES, service))]
    yield from broken(service, json.loads(newest), document)


def drift(service: str, document: Json, snapshot: str) -> Iterator[str]:
    """Whether the snapshot is what the code says."""
    if snapshot != written(document):
        yield f"openapi/{service}.json is not what the code says: run `{COMMAND}` and commit it"


def broken(service: str, promised: Json, document: Json) -> Iterator[str]:
    """Whether the document keeps what has been promised, and all it promises is on record."""
    if not promised:
        yield f"openapi/baseline/ has nothing of {service}: run `{COMMAND}` and commit it"
        return
    found = breaks(promised, document)
    for line in found:
        yield f"breaks callers: {line}; {REMEDY}"
    if not found and promised != promises_of(document):
        yield f"openapi/baseline/ lacks additions of {service}: run `{COMMAND}` and commit it"


def main() -> int:
    """Print what is wrong with any document."""
    found = [f"{service}: {line}" for service in SERVICES for line in findings_of(service)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
