"""What the framework decides before any route: refusals get their words, browsers their preflight."""

from quart import Quart, Response, request

from bff_core.errors import NotAuthorized
from services.gateway.implementations.cors import Cors
from services.gateway.implementations.shield import FAULT


def attach_entry(app: Quart, cors: Cors) -> None:
    @app.before_request
    async def enter() -> Response | None:
        fault = request.scope.get(FAULT)
        if isinstance(fault, Exception):
            raise fault
        asks = "Access-Control-Request-Method" in request.headers
        if request.method != "OPTIONS" or not asks:
            return None
        origin = request.headers.get("Origin", "").encode("latin-1")
        if not cors.allows(origin):
            raise NotAuthorized("This origin may not call here")
        return Response(b"", status=204, headers=cors.on_preflight())
