"""Decorators that write a route's DTO as JSON bytes, with the headers that go with it."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from quart import Response, current_app, request
from quart_schema import document_response

from bff_core.composition import PartV1, WithHeaders
from bff_core.etags import WithETag, is_not_modified
from bff_core.observability import Metrics
from bff_core.server.routes.json_writer import writer

METRICS = "bff_core.metrics"
ETAGGED = "__etagged__"

M = TypeVar("M", bound=BaseModel)
View = Callable[..., Awaitable[BaseModel | WithHeaders[BaseModel]]]
ETagView = Callable[..., Awaitable[WithETag[M]]]
Written = Callable[..., Awaitable[Response]]


def returns(model: type[BaseModel], status: int = 200) -> Callable[[View], Written]:
    """Document `model` and write it as JSON bytes.

    An answer with a stale or missing part must not be stored by caches, and names these parts.
    """
    write = writer(model)

    def decorate(view: View) -> Written:
        @document_response(model, status)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            result = await view(*args, **kwargs)
            dto = result.body if isinstance(result, WithHeaders) else result
            response = Response(write(dto), status=status, content_type="application/json")
            response.headers.update(_part_headers(dto))
            if isinstance(result, WithHeaders):
                response.headers.update(result.headers)
            return response

        return written

    return decorate


def _part_headers(dto: BaseModel) -> dict[str, str]:
    parts: list[PartV1] = getattr(dto, "parts", [])
    _count(parts)
    incomplete = [part.name for part in parts if part.status != "ok"]
    if incomplete:
        return {"Cache-Control": "no-store", "X-Parts-Incomplete": ", ".join(incomplete)}
    return {"Cache-Control": "private, no-cache"}


def _count(parts: list[PartV1]) -> None:
    # A screen has one name under all of its prefixes.
    screen = (request.endpoint or "").rpartition(".")[2]
    # An app that a blueprint is mounted into has no metrics of this kind.
    metrics: Metrics | None = current_app.extensions.get(METRICS)
    if metrics is None:
        return
    for part in parts:
        metrics.parts.labels(screen, part.name, part.status).inc()


def returns_etagged(model: type[M]) -> Callable[[ETagView[M]], Written]:
    """Like `returns`, for a route that gives `WithETag`; a safe request may be answered 304."""
    dump = TypeAdapter(model).dump_json

    def decorate(view: ETagView[M]) -> Written:
        @document_response(model)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            result = await view(*args, **kwargs)
            if is_not_modified(request.method, request.if_none_match, result.etag):
                response = Response(status=304)
                # A 304 has no body, so it names no type of one.
                response.headers.pop("Content-Type", None)
            else:
                response = Response(dump(result.body), content_type="application/json")
            response.headers["ETag"] = result.etag
            response.headers["Cache-Control"] = "private, no-cache"
            response.headers.update(result.headers)
            return response

        setattr(written, ETAGGED, True)
        return written

    return decorate
