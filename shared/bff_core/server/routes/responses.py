"""From a DTO to bytes, once, with what its parts mean for caches and callers."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from dishka.integrations.base import is_dishka_injected
from pydantic import BaseModel
from quart_schema import document_response

from bff_core.composition import PartV1, WithHeaders
from bff_core.observability import Metrics
from bff_core.server.asked import BARE, RouteResult, asked
from bff_core.server.routes.injection import WANTED
from bff_core.server.routes.json_writer import writer

METRICS = "bff_core.metrics"

View = Callable[..., Awaitable[BaseModel | WithHeaders[BaseModel]]]


def returns(
    model: type[BaseModel], status: int = 200
) -> Callable[[View], Callable[..., Awaitable[RouteResult]]]:
    """Document `model` and write it as JSON bytes.

    An answer with a stale or missing part must not be kept by anyone, and says which part.
    """
    write = writer(model)

    def decorate(view: View) -> Callable[..., Awaitable[RouteResult]]:
        @document_response(model, status)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> RouteResult:
            given = await view(*args, **kwargs)
            dto = given.body if isinstance(given, WithHeaders) else given
            headers = {"Content-Type": "application/json", **_completeness(dto)}
            if isinstance(given, WithHeaders):
                headers.update(given.headers)
            return RouteResult(write(dto), status, headers)

        # The library's own `inject` asks the framework.
        setattr(written, BARE, hasattr(view, WANTED) or not is_dishka_injected(view))
        return written

    return decorate


def _completeness(dto: BaseModel) -> dict[str, str]:
    parts: list[PartV1] = getattr(dto, "parts", [])
    if parts:
        _count(parts)
    incomplete = [part.name for part in parts if part.status != "ok"]
    if incomplete:
        return {"Cache-Control": "no-store", "X-Parts-Incomplete": ", ".join(incomplete)}
    return {"Cache-Control": "private, no-cache"}


def _count(parts: list[PartV1]) -> None:
    request = asked()
    metrics: Metrics = request.extensions[METRICS]
    # A screen has one name under all of its prefixes.
    screen = request.endpoint.rpartition(".")[2]
    count = metrics.parts.count
    for part in parts:
        count(screen, part.name, part.status)
