"""Writes the OpenAPI document of every service into `openapi/`, without network or database."""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from quart import Quart

from bff_core.server import document_of
from tools.openapi_baseline import record
from tools.screens_openapi import TARGET, joined

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "openapi"
SERVICES = ("bff_teacher", "bff_admin", "config_service", "identity_admin", "gateway")
BASELINES = FOLDER / "baseline"
COMMAND = "./dev generate"
USAGE = f"""python -m tools.openapi_export [SERVICE...]
writes openapi/SERVICE.json, and records additions in its baseline
    --new-version SERVICE   begin a new baseline, after a change that breaks callers
services: {", ".join(SERVICES)}"""

Document = dict[str, Any]

# Required by the services at construction; no document depends on it.
ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": "only-to-construct-the-services-here",
    "HULEEDU_INTERNAL_API_KEY": "only-to-construct-the-services-here",
    "CONFIG_SERVICE_AUDIT_KEY": "only-to-construct-the-services-here",
    "IDENTITY_SERVICE_DATABASE_URL": "sqlite+aiosqlite:///never-opened.sqlite3",
}


def app_of(service: str) -> Quart:
    """The app of a service, not started."""
    # By name, because only a service may import its own settings.
    settings = import_module(f"services.{service}.config").Settings.load(ENVIRONMENT)
    app: Quart = import_module(f"services.{service}.app").create_app(settings)
    return app


def document_from(app: Quart) -> Document:
    """The document that `/openapi.json` returns, decoded."""
    document: Document = json.loads(app.json.dumps(document_of(app)))
    return document


def written(document: Document) -> str:
    """The text of a snapshot: deterministic, with a line for every value."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def screens_text() -> str:
    """The screens that the gateway describes, from the documents of the BFFs."""
    return joined(document_from(app_of(service)) for service in ("bff_teacher", "bff_admin"))


def snapshot_of(service: str) -> Path:
    return FOLDER / f"{service}.json"


def export(service: str, *, anew: bool = False) -> list[Path]:
    """Write the snapshot of a service and its baseline; returns the paths that changed."""
    document = document_from(app_of(service))
    changed = []
    if service == "gateway" and TARGET.read_text() != (text := screens_text()):
        TARGET.write_text(text)
        document = document_from(app_of(service))
        changed.append(TARGET)
    snapshot, text = snapshot_of(service), written(document)
    if not snapshot.exists() or snapshot.read_text() != text:
        snapshot.write_text(text)
        changed.append(snapshot)
    baseline = record(BASELINES, service, document, anew=anew)
    return [*changed, baseline] if baseline else changed


def main(words: Sequence[str]) -> int:
    """Write all snapshots, or those of the named services; see `USAGE`."""
    anew = "--new-version" in words
    names = [word for word in words if word != "--new-version"]
    if not set(names) <= set(SERVICES) or (anew and not names):
        print(USAGE, file=sys.stderr)
        return 2
    for service in names or SERVICES:
        for path in export(service, anew=anew):
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
