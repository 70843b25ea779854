"""Parts of a request that a route needs, read from its ASGI scope."""

import math
import re
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict
from werkzeug.datastructures import MultiDict

from bff_core.client.call import TIMEOUT_HEADER
from bff_core.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from bff_core.server import Scope, parse_body, read_query
from services.gateway.api.body_reader import BodyReader
from services.gateway.implementations.forwarding import Upload
from services.gateway.implementations.origin_policy import SAFE_METHODS
from services.gateway.route_table import IdentityRoute, Route

BODY_TIMEOUT = 10.0
SMALL_BODY_BYTES = 64 * 1024
"""Read before a service is asked, so that a client that sends slowly holds no slot of the service."""
MIN_TIMEOUT = 0.25
"""Seconds that every request gets: a healthy service answers in less, so no client makes timeouts."""
M = TypeVar("M", bound=BaseModel)

_MILLISECONDS = re.compile(r"[0-9]{1,9}")
_TIMEOUT = TIMEOUT_HEADER.lower().encode("ascii")


class NoParameters(BaseModel):
    """A query without parameters."""

    model_config = ConfigDict(extra="forbid")


def header_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for given, value in scope["headers"] if given == name]


def query_of(scope: Scope) -> str:
    """The raw query.

    Raises:
        InvalidRequest: It holds an unencoded #, at which another server would end it.
    """
    query: str = scope["query_string"].decode("latin-1")
    if "#" in query:
        raise InvalidRequest("The query holds an unencoded #")
    return query


def parameters_of(model: type[M], scope: Scope) -> M:
    """The query as a model.

    Raises:
        ValidationFailed: A parameter does not fit, is unknown, or is there twice.
    """
    return read_query(model, MultiDict(parse_qsl(query_of(scope), keep_blank_values=True)))


def client_timeout(scope: Scope) -> float:
    """Seconds that the client says it will wait, at least `MIN_TIMEOUT`; else infinite."""
    given = header_values(scope, _TIMEOUT)
    seconds = [int(one) / 1000 for one in given if _MILLISECONDS.fullmatch(one)]
    return max(MIN_TIMEOUT, min(seconds, default=math.inf))


async def body_of(
    route: Route, scope: Scope, reader: BodyReader, *, seconds: float
) -> Upload | bytes | None:
    """The body to forward, a small one whole; a route to Identity reads and validates it first.

    `seconds` are those that the route has for it, at most `BODY_TIMEOUT`.

    Raises:
        RequestTooSlow: A small body did not arrive in time, or of a large one as many bytes.
        PayloadTooLarge: It is larger than the route allows, or declares to be.
        InvalidRequest: A GET or HEAD request has one.
        ValidationFailed: It does not match the route's request model.
        UnsupportedMediaType: The route expects JSON, and it is not.
    """
    length = int(next(iter(header_values(scope, b"content-length")), "0"))
    if length > route.max_body_bytes:
        raise PayloadTooLarge
    seconds = min(BODY_TIMEOUT, seconds)
    if route.identity:
        return await _validated_body(route, route.identity, scope, reader, seconds)
    if not length and not header_values(scope, b"transfer-encoding"):
        return None
    if scope["method"] in SAFE_METHODS:
        raise InvalidRequest("A GET or HEAD request must have no body")
    await reader.buffer(SMALL_BODY_BYTES, seconds=seconds)
    return Upload(reader.chunks(), limit=route.max_body_bytes)


async def _validated_body(
    route: Route, identity: IdentityRoute, scope: Scope, reader: BodyReader, seconds: float
) -> bytes | None:
    body = await reader.read(limit=route.max_body_bytes, seconds=seconds)
    if not body and identity.optional_body:
        return None
    content_type = next(iter(header_values(scope, b"content-type")), "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    parse_body(identity.request_model, body)
    return body
