"""Requests that are answered before any route: rejected ones and CORS preflights."""

from quart import Quart, Response, request

from bff_core.errors import NotAuthorized
from services.gateway.api.cors import PREFLIGHT_HEADERS, CorsPolicy
from services.gateway.api.header_policy import REJECTION


def attach_preflight(app: Quart, cors: CorsPolicy) -> None:
    @app.before_request
    async def answer_before_routing() -> Response | None:
        rejection = request.scope.get(REJECTION)
        if isinstance(rejection, Exception):
            raise rejection
        is_preflight = "Access-Control-Request-Method" in request.headers
        if request.method != "OPTIONS" or not is_preflight:
            return None
        if not cors.allows(request.headers.get("Origin", "").encode("latin-1")):
            raise NotAuthorized("This origin may not call here")
        return Response(b"", status=204, headers=PREFLIGHT_HEADERS)
