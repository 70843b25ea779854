"""The gateway's route table in the terms of another edge: a pattern and a few numbers each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.gateway.api.screens_document import SCREENS
from services.gateway.route_table import (
    ALIASES,
    PUBLIC,
    ROUTES,
    SLOW_ROUTES,
    Route,
    find_route,
)
from tools.edge_config import patterns

MAX_BUFFERED_BYTES = 1024 * 1024
"""A route that takes a larger body streams it."""
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Rule:
    """One route as an edge sees it; `path` is a regular expression for the whole path.

    The most specific rules come first. `alias` and `prefix` are the two spellings of its beginning.
    """

    route: Route
    path: str
    alias: str
    prefix: str
    is_event_stream: bool = False

    @property
    def name(self) -> str:
        return self.route.name

    @property
    def is_public(self) -> bool:
        return self.route.access == PUBLIC

    @property
    def streams_body(self) -> bool:
        return self.route.max_body_bytes > MAX_BUFFERED_BYTES

    @property
    def spellings(self) -> str:
        """The path under its own prefix and under the alias."""
        return f"(?:{self.prefix}|{self.alias}){self.path.removeprefix(self.prefix)}"


def all_rules() -> tuple[Rule, ...]:
    """The rules in the order in which they are tried."""
    exact = [route for route in ROUTES if not route.is_prefix]
    prefixes = [route for route in ROUTES if route.is_prefix]
    return (
        *_event_streams(),
        *(_rule(route, _slow_path(route)) for route in SLOW_ROUTES),
        *(_rule(route, patterns.of_template(route.path)) for route in exact),
        *(_rule(route, patterns.below(route.path)) for route in prefixes),
    )


def _event_streams() -> Iterator[Rule]:
    """Routes of the BFFs that answer with events, as their documents say."""
    for path, operations in json.loads(SCREENS.read_bytes())["paths"].items():
        responses = operations.get("get", {}).get("responses", {}).values()
        if not any(_EVENTS in response.get("content", {}) for response in responses):
            continue
        route = find_route(path.encode("ascii"))
        if route is None:
            raise LookupError(f"{path} is a screen without a route")
        events = replace(route, name=f"{route.name}_events", methods=("GET",))
        yield replace(_rule(events, patterns.of_template(path)), is_event_stream=True)


def _slow_path(route: Route) -> str:
    if route.pattern is None:
        raise LookupError(f"the slow route {route.name} has no pattern")
    return patterns.of_pattern(route.pattern.pattern)


def _rule(route: Route, path: str) -> Rule:
    for alias, prefix in ALIASES:
        if path.startswith(prefix.decode()):
            return Rule(route, path, alias.decode(), prefix.decode())
    raise LookupError(f"the path of {route.name} has no alias")
