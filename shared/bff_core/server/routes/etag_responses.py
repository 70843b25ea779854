"""Answers that carry a strong ETag, and 304 for a caller that has them already."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from quart import Response, request
from quart_schema import document_response

from bff_core.errors import InvalidRequest
from bff_core.etags import WithETag, matches_weakly, tags_in

ETAGGED = "__tagged__"

M = TypeVar("M", bound=BaseModel)


View = Callable[..., Awaitable[WithETag[M]]]


def returns_etagged(
    model: type[M],
) -> Callable[[View[M]], Callable[..., Awaitable[Response]]]:
    """Like `returns`, for a route that gives `Tagged`; a safe request may be answered 304."""
    dump = TypeAdapter(model).dump_json

    def decorate(view: View[M]) -> Callable[..., Awaitable[Response]]:
        @document_response(model)
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            tagged = await view(*args, **kwargs)
            if _has_it_already(tagged.etag):
                answer = Response(status=304)
                # A 304 has no body, so it names no type of one.
                answer.headers.pop("Content-Type", None)
            else:
                answer = Response(dump(tagged.body), content_type="application/json")
            answer.headers["ETag"] = tagged.etag
            answer.headers["Cache-Control"] = "private, no-cache"
            answer.headers.update(tagged.headers)
            return answer

        setattr(written, ETAGGED, True)
        return written

    return decorate


def _has_it_already(etag: str) -> bool:
    if request.method not in {"GET", "HEAD"}:
        return False
    given = ", ".join(request.headers.getlist("If-None-Match"))
    if not given:
        return False
    try:
        return matches_weakly(etag, tags_in("If-None-Match", given))
    except InvalidRequest:
        # Only an optimisation is lost: answer in full.
        return False
