"""Cross-origin resource sharing: the origins that may call the gateway, and their preflights."""

from collections.abc import Awaitable, Callable, Iterable

from quart import Response, request

from bff_core.errors import NotAuthorized
from services.gateway.api.header_policy import REJECTION

Headers = list[tuple[bytes, bytes]]

EXPOSED_HEADERS = (
    b"X-Correlation-ID, ETag, Retry-After, X-Parts-Incomplete, Idempotent-Replay, Location"
)
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, "
        "If-Modified-Since, If-None-Match, If-Unmodified-Since, Last-Event-ID, Prefer, Range, "
        "traceparent, tracestate, X-CSRF, X-Correlation-ID, X-Request-Timeout-Ms"
    ),
    "Access-Control-Max-Age": "600",
}


class CorsPolicy:
    """Makes responses readable for the listed origins only; the header never holds `*`."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def allows(self, origin: bytes | None) -> bool:
        return origin in self._origins

    def response_headers(self, origin: bytes | None) -> Headers:
        """Headers of any response to a page of this origin."""
        if not self._origins:
            return []
        headers: Headers = [(b"vary", b"Origin")]
        if origin is not None and self.allows(origin):
            headers += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", EXPOSED_HEADERS),
            ]
        return headers


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
