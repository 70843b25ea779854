"""Requests that go on as they came, and answers as they were given, in documented models."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel
from quart import Response, request
from quart_schema import document_response

from bff_core.errors import InvalidRequest, UnsupportedMediaType
from bff_core.server import ETAGGED
from services.bff_admin.ports import Asked, Told

CONDITIONS = ("If-Match", "If-None-Match")
KEY = "Idempotency-Key"
WRITES = frozenset({"PUT", "POST"})

View = Callable[..., Awaitable[Told]]


def passes(
    model: type[BaseModel], *, tagged: bool = False
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Give the route `asked`, and write what it was told. `tagged` answers carry an ETag."""

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        @document_response(model)
        @wraps(view)
        async def passed(*args: Any, **kwargs: Any) -> Response:
            return _written(await view(*args, asked=await _asked(), **kwargs))

        setattr(passed, ETAGGED, tagged)
        return passed

    return decorate


async def _asked() -> Asked:
    """The request.

    Raises:
        InvalidRequest: There are two keys.
        UnsupportedMediaType: The body is not declared as JSON.
    """
    if len(request.headers.getlist(KEY)) > 1:
        raise InvalidRequest(f"The header {KEY} may be sent once only")
    given = {name: ", ".join(request.headers.getlist(name)) for name in (*CONDITIONS, KEY)}
    headers = {name: value for name, value in given.items() if value}
    _require_plain(headers)
    params = list(request.args.items(multi=True))
    if request.method not in WRITES:
        return Asked(params, headers)
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    body = await request.get_data(cache=False)
    return Asked(params, headers, body if isinstance(body, bytes) else body.encode())


def _require_plain(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        # Between tags of a list there may be tabs.
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise InvalidRequest(f"The header {name} must be visible ASCII")


def _written(told: Told) -> Response:
    if told.body is None:
        answer = Response(status=told.status)
        # A 304 has no body, so it names no type of one.
        answer.headers.pop("Content-Type", None)
    else:
        body = told.body.model_dump_json()
        answer = Response(body, status=told.status, content_type="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers.update(told.headers)
    return answer
