"""From a DTO to bytes, once, with what its parts mean for caches and callers."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel, TypeAdapter
from quart import Response, current_app, request
from quart_schema import document_response

from bff_core.composition import Answered, PartV1
from bff_core.observability import Metrics

METRICS = "bff_core.metrics"

View = Callable[..., Awaitable[BaseModel | Answered[BaseModel]]]


def returns(
    model: type[BaseModel], status: int = 200
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Document `model` and write it as pydantic's own JSON bytes.

    An answer with a stale or missing part must not be kept by anyone, and says which part.
    """
    dump = TypeAdapter(model).dump_json

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        @document_response(model, status)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            given = await view(*args, **kwargs)
            dto = given.body if isinstance(given, Answered) else given
            answer = Response(dump(dto), status=status, content_type="application/json")
            _say_how_complete(answer, getattr(dto, "parts", []))
            if isinstance(given, Answered):
                answer.headers.update(given.headers)
            return answer

        return written

    return decorate


def _say_how_complete(answer: Response, parts: list[PartV1]) -> None:
    # A screen has one name under all of its prefixes.
    screen = (request.endpoint or "").rpartition(".")[2]
    for part in parts:
        metrics: Metrics = current_app.extensions[METRICS]
        metrics.count_part(screen, part.name, part.status)
    incomplete = [part.name for part in parts if part.status != "ok"]
    if incomplete:
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Parts-Incomplete"] = ", ".join(incomplete)
    else:
        answer.headers["Cache-Control"] = "private, no-cache"
