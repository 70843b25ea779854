"""The one handler behind every row of the route table."""

from typing import Any

from dishka import FromDishka
from quart import Blueprint, Request, Response, g, request
from quart_dishka import inject
from quart_schema import DataSource, document_request, document_response
from werkzeug.datastructures import Headers

from bff_core.errors import InvalidRequest, PayloadTooLarge
from bff_core.http import Relay, Upload, checked_path
from bff_core.web import access, body_chunks, exchange_of, read_body, relayed
from services.gateway.dto.auth_v1 import MessageV1
from services.gateway.implementations.addresses import TrustedProxies
from services.gateway.implementations.proxy import Arrival, Patience, Proxy, Whole
from services.gateway.route_table import ROUTES, Exchange, Row


def proxy_routes() -> Blueprint:
    blueprint = Blueprint("gateway", __name__)
    for row in ROUTES:
        blueprint.add_url_rule(
            row.rule, endpoint=row.name, view_func=_view(row), methods=list(row.methods)
        )
    return blueprint


def _view(row: Row) -> Any:
    @inject
    async def forward(
        proxy: FromDishka[Proxy],
        proxies: FromDishka[TrustedProxies],
        patience: FromDishka[Patience],
        **_: str,
    ) -> Response:
        path = _path(row)
        caller = g.get("request_context")
        address = proxies.client_of(*_chain())
        await proxy.admit(row, caller, address)
        arrival = Arrival(
            method=request.method,
            path=path,
            query=_query(),
            headers=list(request.scope["headers"]),
            body=await _body(row, request),
            address=address,
            correlation_id=exchange_of(request.scope).correlation_id,
            caller=caller,
            ends_by_closing=request.http_version < "1.1",
        )
        return _response(row, await proxy.send(row, arrival), patience)

    return _documented(row, access(row.access)(forward))


def _documented(row: Row, view: Any) -> Any:
    view.__doc__ = f"{row.summary}."
    if row.exchange is None:
        return view
    view = document_response(row.exchange.gives, row.exchange.status)(view)
    return document_request(row.exchange.takes, source=DataSource.JSON)(view)


def _path(row: Row) -> str:
    path = checked_path(request.scope["raw_path"], row.path)
    if not row.tree and path != row.path:
        raise InvalidRequest("The path must be written plainly")
    return path


def _query() -> str:
    query = request.scope["query_string"].decode("latin-1")
    # Unencoded, it would end the query for the next reader of the address.
    if "#" in query:
        raise InvalidRequest("The query holds an unencoded #")
    return query


def _chain() -> tuple[str | None, list[str]]:
    client = request.scope.get("client")
    return client[0] if client else None, request.headers.getlist("X-Forwarded-For")


async def _body(row: Row, arriving: Request) -> Upload | bytes | None:
    length = arriving.content_length
    if length is not None and length > row.body_limit:
        raise PayloadTooLarge
    if row.exchange:
        return await _checked_body(row.exchange, arriving)
    if not length and "Transfer-Encoding" not in arriving.headers:
        return None
    if arriving.method in {"GET", "HEAD"}:
        raise InvalidRequest("A request that reads has no body")
    return Upload(body_chunks(arriving), limit=row.body_limit)


async def _checked_body(exchange: Exchange, arriving: Request) -> bytes | None:
    body: bytes = await arriving.get_data()  # type: ignore[assignment]  # bytes unless asked for text
    if not body and exchange.may_be_empty:
        return None
    await read_body(exchange.takes)
    return body


def _response(row: Row, answer: Relay | Whole, patience: Patience) -> Response:
    if row.exchange and row.exchange.instead and isinstance(answer, Relay):
        answer.close()
        text = MessageV1(message=row.exchange.instead).model_dump_json()
        return Response(text, content_type="application/json")
    if isinstance(answer, Relay):
        return relayed(answer, longest=patience.transfer, idle=patience.stream_idle)
    response = Response(answer.body, status=answer.status)
    response.headers = Headers(answer.headers)
    response.headers["Content-Length"] = str(len(answer.body))
    return response
