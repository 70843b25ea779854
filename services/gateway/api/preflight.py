"""Requests that are answered before any route: rejected ones and CORS preflights."""

from collections.abc import Awaitable, Callable

from quart import Response, request

from bff_core.errors import NotAuthorized
from services.gateway.api.cors import PREFLIGHT_HEADERS, CorsPolicy
from services.gateway.api.header_policy import REJECTION


def preflight_check(cors: CorsPolicy) -> Callable[[], Awaitable[Response | None]]:
    """A check to run before the guard, which would refuse what was refused for another reason."""

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

    return answer_before_routing
