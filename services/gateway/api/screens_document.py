"""The screens in the gateway's OpenAPI document, as the BFFs describe them."""

import json
from importlib import resources
from typing import Any

from services.gateway.route_table import ROUTES, Route

Json = dict[str, Any]

SCREENS = resources.files("services.gateway") / "screens_openapi.json"
"""Paths, components and tags of the BFFs; generated from their documents."""


def add_screens(document: Json) -> Json:
    """Describe each screen in place of the prefix that the gateway forwards."""
    screens: Json = json.loads(SCREENS.read_bytes())
    for route in ROUTES:
        if route.is_prefix:
            forwarded = document["paths"].pop(f"{route.path}/{{path}}")
            document["paths"] |= _screens_of(route, screens["paths"], forwarded["get"])
    for kind, components in screens["components"].items():
        document["components"][kind] = components | document["components"].get(kind, {})
    document["tags"] += screens["tags"]
    return document


def _screens_of(route: Route, paths: Json, forwarded: Json) -> Json:
    """The screens below a prefix; each may fail as the gateway does, too."""
    errors = {
        status: response
        for status, response in forwarded["responses"].items()
        if status.isdigit() and int(status) >= 400
    }
    return {
        path: {
            method: operation | {"responses": errors | operation["responses"]}
            for method, operation in methods.items()
        }
        for path, methods in paths.items()
        if path.startswith(f"{route.path}/")
    }
