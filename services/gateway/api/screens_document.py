"""The screens in the gateway's OpenAPI document, as the BFFs describe them."""

import json
from importlib import resources
from typing import Any

from services.gateway.route_table import ROUTES, SESSION_PATH, Route

Json = dict[str, Any]

_SCHEMES: Json = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-session"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF"},
}
_COOKIE_AND_TOKEN: Json = {"session": [], "csrf": []}

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
    _add_cookie(document)
    return document


def _add_cookie(document: Json) -> None:
    """Allow the session cookie in place of a bearer token; writes need its token, too."""
    document["components"]["securitySchemes"] |= _SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            cookie: Json = {"session": []} if method in {"get", "head"} else _COOKIE_AND_TOKEN
            if path == SESSION_PATH and method != "post":
                # Signing out without a session is no error.
                operation["security"] = [cookie] if method == "get" else [cookie, {}]
            elif {"bearer": []} in operation.get("security", []):
                operation["security"] = [*operation["security"], cookie]


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
