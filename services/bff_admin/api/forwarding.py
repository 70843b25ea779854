"""Routes that forward requests to the config service and pass on its responses."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel
from quart import Response, request
from quart_schema import document_response

from bff_core.errors import InvalidRequest
from bff_core.json_values import check_json
from bff_core.server import ETAGGED, TAGGED_CACHE_CONTROL, read_json
from services.bff_admin.ports import SettingsRequest, SettingsResponse

IDEMPOTENCY_KEY = "Idempotency-Key"
FORWARDED_HEADERS = ("If-Match", "If-None-Match", IDEMPOTENCY_KEY)
METHODS_WITH_BODY = frozenset({"PUT", "POST"})

View = Callable[..., Awaitable[SettingsResponse]]


def forwards(
    model: type[BaseModel], *, with_etag: bool = False
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Pass the request to the view as `forwarded`, and send the response that it returns."""

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        @document_response(model)
        @wraps(view)
        async def forward(*args: Any, **kwargs: Any) -> Response:
            forwarded = await _current_settings_request()
            return _to_response(await view(*args, forwarded=forwarded, **kwargs))

        setattr(forward, ETAGGED, with_etag)
        return forward

    return decorate


async def _current_settings_request() -> SettingsRequest:
    """The parts of the current request that are forwarded.

    Raises:
        InvalidRequest: Idempotency-Key was sent twice, or a header is not ASCII.
        UnsupportedMediaType: The body is not declared as JSON, or is encoded.
        ValidationFailed: The body is JSON that no service can read one way.
    """
    if len(request.headers.getlist(IDEMPOTENCY_KEY)) > 1:
        raise InvalidRequest(f"The header {IDEMPOTENCY_KEY} may be sent once only")
    headers: dict[str, str] = {}
    for name in FORWARDED_HEADERS:
        value = ", ".join(request.headers.getlist(name))
        # Between the tags of a list there may be tabs.
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise InvalidRequest(f"The header {name} must be visible ASCII")
        if value:
            headers[name] = value
    params = list(request.args.items(multi=True))
    if request.method not in METHODS_WITH_BODY:
        return SettingsRequest("GET", params, headers)
    body = await read_json()
    check_json(body)
    return SettingsRequest(request.method, params, headers, body)


def _to_response(forwarded: SettingsResponse) -> Response:
    if forwarded.body is None:
        response = Response(status=forwarded.status)
        # A 304 has no body, and so no media type.
        response.headers.pop("Content-Type", None)
    else:
        body = forwarded.body.model_dump_json()
        response = Response(body, status=forwarded.status, content_type="application/json")
    tagged = "ETag" in forwarded.headers
    response.headers["Cache-Control"] = TAGGED_CACHE_CONTROL if tagged else "private, no-cache"
    response.headers.update(forwarded.headers)
    return response
