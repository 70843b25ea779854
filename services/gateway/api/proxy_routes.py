"""The table's rows as the framework knows them: for the document, and for what is not passed on."""

from typing import Any

from quart import Blueprint, Response
from quart_schema import DataSource, document_request, document_response

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
    access,
    error_responses,
    extra_responses,
    optional_body,
    path_parameters,
)
from services.gateway.implementations.forwarding import RequestTooSlow
from services.gateway.implementations.proxy import may_tell
from services.gateway.implementations.refusals import REFUSALS
from services.gateway.route_table import ROUTES, Exchange, Row

_ALWAYS: tuple[type[BffError], ...] = (
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
_PLAIN = {"pattern": f"^{_SEGMENT}(?:/{_SEGMENT})*/?$"}
_ENVELOPE = {"$ref": "#/components/schemas/ErrorEnvelope"}


def proxy_routes() -> Blueprint:
    blueprint = Blueprint("gateway", __name__)
    for row in ROUTES:
        blueprint.add_url_rule(
            row.rule, endpoint=row.name, view_func=_view(row), methods=list(row.methods)
        )
    return blueprint


def _view(row: Row) -> Any:
    async def unplain(**_: str) -> Response:
        """Reached only by a path that decodes to a row's and is not written as it is."""
        raise InvalidRequest("The path must be written plainly")

    unplain.__doc__ = f"{row.summary}."
    view: Any = error_responses(*_ALWAYS)(access(row.access)(unplain))
    if row.exchange is None:
        return path_parameters(path=_PLAIN)(extra_responses(*_passed_on(row))(view))
    return _documented(row.exchange, view)


def _documented(exchange: Exchange, view: Any) -> Any:
    view = error_responses(
        *(kind for kind in REFUSALS.values() if may_tell(exchange, kind.status))
    )(view)
    view = document_response(exchange.gives, exchange.status)(view)
    if exchange.may_be_empty:
        view = optional_body(view)
    return document_request(exchange.takes, source=DataSource.JSON)(view)


def _passed_on(row: Row) -> tuple[ExtraResponse, ...]:
    """What a service behind us may answer; its own document tells which, and when."""
    whose = f"in the words of the document of {row.upstream}"
    return (
        ExtraResponse(
            "2XX", f"As asked, {whose}", {"application/json": {}, "text/event-stream": {}}
        ),
        ExtraResponse("304", "What `If-None-Match` names is still current", headers=("ETag",)),
        ExtraResponse("4XX", f"A refusal, {whose}", {"application/json": _ENVELOPE}),
    )
