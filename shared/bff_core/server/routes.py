"""Decorators of routes: their dependencies, and their DTO written as JSON bytes with its headers."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec
from dishka import Provider, Scope, provide
from dishka.integrations.base import is_dishka_injected, wrap_injection
from pydantic import BaseModel, TypeAdapter
from quart import Response, current_app, g, request
from quart_schema import document_response
from werkzeug.datastructures import MultiDict

from bff_core.composition import PartV1, WithHeaders
from bff_core.context import RequestContext
from bff_core.etags import WithETag, if_none_match, is_not_modified
from bff_core.observability import Metrics

METRICS = "bff_core.metrics"
ETAGGED = "__etagged__"
TAGGED_CACHE_CONTROL = "private, no-cache, no-transform"
"""A proxy that compresses would weaken the tag, and `If-Match` takes strong ones only."""
NEEDS_QUART = "__needs_quart__"
"""False on a view that `returns` has wrapped and that reads nothing of Quart's own request."""
KERNEL_INJECTED = "__kernel_injected__"
"""Set by `inject`; another library's finds its container by Quart's request."""
SKIPS_MATCHED_READS = "__skips_matched_reads__"
"""True on a hook that does nothing before a GET that matches a route."""

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")
Hook = Callable[[], Awaitable[Response | None]]
M = TypeVar("M", bound=BaseModel)
View = Callable[..., Awaitable[BaseModel | WithHeaders[BaseModel]]]
ETagView = Callable[..., Awaitable[WithETag[M]]]
Answer = tuple[bytes, int, dict[str, str]]
"""Body, status and headers, as Quart takes them from a view."""
Written = Callable[..., Awaitable[Answer]]


class DependencySource(Protocol):
    """A container, or a stand-in that provides the dependencies of one request."""

    async def get(self, dependency: Any, component: str | None = ..., /) -> Any: ...


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """`args` is the query; `extensions` are those of the app."""

    endpoint: str
    args: MultiDict[str, str]
    extensions: Mapping[str, Any]
    dependencies: DependencySource | None


CURRENT_REQUEST: ContextVar[RouteRequest] = ContextVar("current_request")
"""Set where a route is called without Quart's request context."""


def current_request() -> RouteRequest:
    """The current request, from the context variable or else from Quart."""
    known = CURRENT_REQUEST.get(None)
    if known is not None:
        return known
    return RouteRequest(
        request.endpoint or "", request.args, current_app.extensions, g.get("dishka_container")
    )


class ContextProvider(Provider):
    """Provides the `RequestContext` that the guard has built."""

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        context: RequestContext = g.request_context
        return context


def inject(view: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Pass the route its `FromDishka` parameters."""
    # Typed as a container; only its `get` is used.
    source: Any = lambda *_: current_request().dependencies  # noqa: E731
    injected = wrap_injection(func=view, is_async=True, container_getter=source)
    setattr(injected, KERNEL_INJECTED, True)
    return injected


def needs_quart(view: F) -> F:
    """Mark a view that reads Quart's own request: its body, headers or method."""
    setattr(view, NEEDS_QUART, True)
    return view


def for_unsafe_methods(hook: Hook) -> Hook:
    """Run the hook before requests to a route with an unsafe method."""
    safe = {"GET", "HEAD", "OPTIONS"}
    return _selective(hook, lambda: request.method not in safe and request.url_rule is not None)


def for_unmatched_paths(hook: Hook) -> Hook:
    """Run the hook before requests that match no route."""
    return _selective(hook, lambda: request.url_rule is None)


def _selective(hook: Hook, concerns: Callable[[], bool]) -> Hook:
    @wraps(hook)
    async def run() -> Response | None:
        return await hook() if concerns() else None

    setattr(run, SKIPS_MATCHED_READS, True)
    return run


def returns(model: type[BaseModel], status: int = 200) -> Callable[[View], Written]:
    """Document `model` and write it as JSON bytes.

    An answer with a stale or missing part must not be stored by caches, and names these parts.
    """
    write = writer(model)

    def decorate(view: View) -> Written:
        @document_response(model, status)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Answer:
            result = await view(*args, **kwargs)
            dto = result.body if isinstance(result, WithHeaders) else result
            body = write(dto)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            headers |= _part_headers(dto)
            if isinstance(result, WithHeaders):
                headers |= result.headers
            return body, status, headers

        foreign = is_dishka_injected(view) and not hasattr(view, KERNEL_INJECTED)
        setattr(written, NEEDS_QUART, getattr(view, NEEDS_QUART, foreign))
        return written

    return decorate


def _part_headers(dto: BaseModel) -> dict[str, str]:
    """Count the parts of an answer, and name those that are incomplete."""
    parts: list[PartV1] = getattr(dto, "parts", [])
    if parts:
        current = current_request()
        # A screen has one name under all of its prefixes.
        screen = current.endpoint.rpartition(".")[2]
        # An app that a blueprint is mounted into has no metrics of this kind.
        metrics: Metrics | None = current.extensions.get(METRICS)
        if metrics is not None:
            for part in parts:
                metrics.observe_part(screen, part.name, part.status)
    incomplete = [part.name for part in parts if part.status != "ok"]
    if incomplete:
        return {"Cache-Control": "no-store", "X-Parts-Incomplete": ", ".join(incomplete)}
    return {"Cache-Control": "private, no-cache"}


def returns_etagged(model: type[M]) -> Callable[[ETagView[M]], Callable[..., Awaitable[Response]]]:
    """Like `returns`, for a route that gives `WithETag`; a safe request may be answered 304."""
    dump = TypeAdapter(model).dump_json

    def decorate(view: ETagView[M]) -> Callable[..., Awaitable[Response]]:
        @document_response(model)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            result = await view(*args, **kwargs)
            if is_not_modified(request.method, if_none_match(request.headers), result.etag):
                response = Response(status=304)
                # A 304 has no body, so it names no type of one.
                response.headers.pop("Content-Type", None)
            else:
                response = Response(dump(result.body), content_type="application/json")
            response.headers["ETag"] = result.etag
            response.headers["Cache-Control"] = TAGGED_CACHE_CONTROL
            response.headers.update(result.headers)
            return response

        setattr(written, ETAGGED, True)
        return needs_quart(written)

    return decorate


Write = Callable[[BaseModel], bytes]

# Types of pydantic's core schemas that both write alike. `function-…` are validators, which do not
# change how a value is written.
_SAME_OUTPUT = re.compile(
    "model(-fields?)?|dataclass(-args|-field)?|definitions|definition-ref|list|nullable|default"
    "|str|int|float|bool|datetime|uuid|enum|literal|function-(after|before)"
)
# Settings of a core schema that change how a value is written.
_CUSTOM_OUTPUT = (
    "serialization",
    "serialization_alias",
    "serialization_exclude",
    "serialization_exclude_if",
    "computed_fields",
    "root_model",
)
_EXTRA_FIELDS = ("extra_behavior", "extra_fields_behavior")


def writer(model: type[BaseModel]) -> Write:
    """A function that writes the model, byte for byte like pydantic but for exponents of extreme floats.

    msgspec knows no aliases, serializers, computed fields or models within unions: models that use
    any of them are written by pydantic.
    """
    by_pydantic = TypeAdapter(model).dump_json
    if not _is_plain(model.__pydantic_core_schema__):
        return by_pydantic
    # A model is written as its `__dict__`, which holds its fields only.
    by_msgspec = msgspec.json.Encoder(enc_hook=vars).encode

    def write(dto: BaseModel) -> bytes:
        try:
            return by_msgspec(dto)
        except (TypeError, ValueError, OverflowError):
            # Numbers beyond 64 bits and lone surrogates: pydantic writes them or explains the error.
            return by_pydantic(dto)

    return write


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """True for a core schema that is written as usual, with all schemas inside it."""
    config = schema.get("config") or {}
    if not _SAME_OUTPUT.fullmatch(schema["type"]) or any(map(schema.get, _CUSTOM_OUTPUT)):
        return False
    if any(name.startswith("ser_json") for name in config):
        return False
    if any("allow" in {schema.get(name), config.get(name)} for name in _EXTRA_FIELDS):
        return False
    return all(_is_plain(inner) for inner in _inner_schemas(schema))


def _inner_schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("schema", "items_schema", "fields", "definitions"):
        found = schema.get(name, ())
        if isinstance(found, Mapping):
            found = [found] if "type" in found else found.values()
        # A dataclass lists the names of its fields, too.
        yield from (inner for inner in found if isinstance(inner, Mapping))
