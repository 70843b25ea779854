"""Requests that are forwarded to a BFF or to Identity."""

from typing import Any

from pydantic.alias_generators import to_camel
from quart import Blueprint, Response
from quart_schema import DataSource, document_querystring, document_request, document_response

from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    InvalidRequest,
    PayloadTooLarge,
    RateLimited,
)
from bff_core.server import (
    ExtraResponse,
    RequestTooSlow,
    access,
    error_responses,
    extra_responses,
    operation_id,
    optional_body,
    path_parameters,
)
from services.gateway.implementations.identity import IDENTITY_ERRORS
from services.gateway.implementations.proxy import may_reveal
from services.gateway.route_table import ROUTES, IdentityRoute, Route

_COMMON_ERRORS: tuple[type[BffError], ...] = (
    InvalidRequest,
    RequestTooSlow,
    PayloadTooLarge,
    RateLimited,
    DownstreamFailed,
    DownstreamUnreachable,
    CircuitOpen,
    DownstreamTimeout,
)
_SEGMENT = "[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_PATH_SCHEMA = {"pattern": f"^{_SEGMENT}(?:/{_SEGMENT})*/?$"}
_ENVELOPE = {"$ref": "#/components/schemas/ErrorEnvelope"}


def proxy_routes() -> Blueprint:
    blueprint = Blueprint("gateway", __name__)
    for route in ROUTES:
        blueprint.add_url_rule(
            route.url_rule,
            endpoint=route.name,
            view_func=_view(route),
            methods=list(route.methods),
        )
    return blueprint


def _view(route: Route) -> Any:
    async def refuse(**_: str) -> Response:
        """Reached only by a path that matches a route after decoding, but not as it is."""
        raise InvalidRequest("The path must be written plainly")

    refuse.__doc__ = f"{route.summary}."
    name = operation_id(to_camel(route.name))
    view: Any = error_responses(*_COMMON_ERRORS)(access(route.access)(refuse))
    if route.identity is None:
        return path_parameters(path=_PATH_SCHEMA)(extra_responses(*_forwarded(route))(view))
    return name(_documented(route.identity, view))


def _documented(identity: IdentityRoute, view: Any) -> Any:
    errors = [error for error in IDENTITY_ERRORS.values() if may_reveal(identity, error.status)]
    view = error_responses(*errors)(view)
    view = document_response(identity.response_model, identity.status)(view)
    if identity.query_model is not None:
        view = document_querystring(identity.query_model)(view)
    if identity.optional_body:
        view = optional_body(view)
    return document_request(identity.request_model, source=DataSource.JSON)(view)


def _forwarded(route: Route) -> tuple[ExtraResponse, ...]:
    """Responses of the upstream, which its own document describes."""
    whose = f"in the words of the document of {route.upstream}"
    return (
        ExtraResponse(
            "2XX", f"As asked, {whose}", {"application/json": {}, "text/event-stream": {}}
        ),
        ExtraResponse("304", "What `If-None-Match` names is still current", headers=("ETag",)),
        ExtraResponse("4XX", f"A refusal, {whose}", {"application/json": _ENVELOPE}),
    )
