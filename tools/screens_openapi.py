"""Joins the BFFs' documents into the file from which the gateway describes the screens."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

TARGET = Path(__file__).resolve().parent.parent / "services" / "gateway" / "screens_openapi.json"
PREFIX = "/bff"
"""The server of the BFFs' documents that the gateway forwards to."""


def joined(documents: Iterable[Json]) -> str:
    """The screens of all documents under the gateway's prefix, as text.

    Raises:
        ValueError: Two documents give one schema different contents.
    """
    screens: Json = {"paths": {}, "components": {}, "tags": []}
    for document in documents:
        paths = {path: one for path, one in document["paths"].items() if path.startswith("/v1/")}
        screens["paths"] |= {f"{PREFIX}{path}": methods for path, methods in paths.items()}
        known_tags = {"health", *(tag["name"] for tag in screens["tags"])}
        screens["tags"] += [tag for tag in document["tags"] if tag["name"] not in known_tags]
        for kind, components in document["components"].items():
            known = screens["components"].setdefault(kind, {})
            if kind == "schemas":
                _require_equal(known, components)
            known |= components
    return json.dumps(screens, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _require_equal(known: Json, added: Json) -> None:
    for name in known.keys() & added.keys():
        if known[name] != added[name]:
            raise ValueError(f"the schema {name} has two contents: give one another name")
