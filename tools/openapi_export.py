"""Writes what every service promises into `openapi/`; needs no network, no database, no secret."""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from quart import Quart

from bff_core.server import document_of
from tools.openapi_baseline import record

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "openapi"
SERVICES = ("bff_teacher", "bff_admin", "config_service", "identity_admin", "gateway")
BASELINES = FOLDER / "baseline"
COMMAND = "./dev generate"
USAGE = f"""python -m tools.openapi_export [SERVICE...]
writes openapi/SERVICE.json, and additions to the record of what was promised
    --new-version SERVICE   begin a new record: what it no longer promises breaks callers
services: {", ".join(SERVICES)}"""

Document = dict[str, Any]

# Whatever a service needs to be put together, and nothing that a document depends on.
ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": "only-to-put-the-services-together-here",
    "HULEEDU_INTERNAL_API_KEY": "only-to-put-the-services-together-here",
    "CONFIG_SERVICE_AUDIT_KEY": "only-to-put-the-services-together-here",
    "IDENTITY_SERVICE_DATABASE_URL": "sqlite+aiosqlite:///never-opened.sqlite3",
}


def app_of(service: str) -> Quart:
    """The app as the service makes it, never started."""
    # By name: which services there are is data here, and only they may import their settings.
    settings = import_module(f"services.{service}.config").Settings.load(ENVIRONMENT)
    app: Quart = import_module(f"services.{service}.app").create_app(settings)
    return app


def document_from(app: Quart) -> Document:
    """What `/openapi.json` answers, decoded."""
    document: Document = json.loads(app.json.dumps(document_of(app)))
    return document


def written(document: Document) -> str:
    """The text of a snapshot: the same for the same document, a line for every value."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def snapshot_of(service: str) -> Path:
    return FOLDER / f"{service}.json"


def export(service: str, *, anew: bool = False) -> list[Path]:
    """Write the snapshot of a service and record its promises; the paths of what changed."""
    document = document_from(app_of(service))
    changed = [snapshot_of(service)] if _rewrite(snapshot_of(service), written(document)) else []
    recorded = record(BASELINES, service, document, anew=anew)
    return [*changed, *([recorded] if recorded else [])]


def _rewrite(path: Path, text: str) -> bool:
    if path.exists() and path.read_text() == text:
        return False
    path.write_text(text)
    return True


def main(words: Sequence[str]) -> int:
    """Write all snapshots, or those of the services that are named; see `USAGE`."""
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
