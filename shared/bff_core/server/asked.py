"""The request that a route is answering, by whichever way it came to it."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from quart import current_app, g, request


class Giver(Protocol):
    """What gives a route the things that it names."""

    async def get(self, wanted: Any, component: str | None = ..., /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What our decorators must know of a request; `extensions` are those of the app."""

    endpoint: str
    query_string: bytes
    extensions: Mapping[str, Any]
    giver: Giver | None


class RouteResult(NamedTuple):
    """What a route answers with, in the order in which the framework takes it, too."""

    body: bytes
    status: int
    headers: dict[str, str]


BARE = "__bare__"
"""Marks routes whose decorators ask `asked()` alone, and never the framework."""

ASKED: ContextVar[Asked | None] = ContextVar("asked", default=None)
"""Set where the framework is not asked."""


def asked() -> Asked:
    """The request at hand: the one that is known here, else the framework's."""
    return ASKED.get() or Asked(
        request.endpoint or "",
        request.query_string,
        current_app.extensions,
        g.get("dishka_container"),
    )
