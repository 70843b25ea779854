"""The table's rows as the framework knows them: for the document, and for what is not passed on."""

from typing import Any

from quart import Blueprint, Response
from quart_schema import DataSource, document_request, document_response

from bff_core.errors import InvalidRequest
from bff_core.web import access
from services.gateway.route_table import ROUTES, Row


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
    view: Any = access(row.access)(unplain)
    if row.exchange is None:
        return view
    view = document_response(row.exchange.gives, row.exchange.status)(view)
    return document_request(row.exchange.takes, source=DataSource.JSON)(view)
