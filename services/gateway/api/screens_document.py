"""The screens of the BFFs: in the gateway's OpenAPI document, and as the routes of forwarded requests."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
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

_PARAMETER = re.compile(r"\{(\w+)\}")


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


class ScreenTemplates:
    """Finds the template of a path, written as the BFFs log it: `/batches/<batch_id>`."""

    def __init__(self, paths: Iterable[str]) -> None:
        """`paths` are those of an OpenAPI document."""
        known = set(paths)
        # Looked at first: `/users/pending` is no user.
        self._fixed = {path for path in known if "{" not in path}
        self._by_length: dict[int, list[tuple[str, list[str | None]]]] = defaultdict(list)
        for path in sorted(known - self._fixed, key=lambda one: one.count("{")):
            steps = [None if "{" in step else step for step in path.split("/")]
            self._by_length[len(steps)].append((_PARAMETER.sub(r"<\1>", path), steps))

    @classmethod
    def of_bffs(cls) -> "ScreenTemplates":
        return cls(json.loads(SCREENS.read_bytes())["paths"])

    def find(self, raw_path: bytes) -> str | None:
        """The template of a path as it was sent; None for a path that no screen has."""
        path = raw_path.decode("latin-1")
        if path in self._fixed:
            return path
        given = path.split("/")
        for template, steps in self._by_length.get(len(given), ()):
            if all(step in {None, one} for step, one in zip(steps, given, strict=True)):
                return template
        return None
