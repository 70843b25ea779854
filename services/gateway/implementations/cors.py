"""Which pages in a browser may call the gateway, and what they may read of its answers."""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

_EXPOSED = b"X-Correlation-ID, ETag, Retry-After, X-Parts-Incomplete, Idempotent-Replay, Location"
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = (
    b"Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, "
    b"If-Modified-Since, If-None-Match, If-Unmodified-Since, Last-Event-ID, Prefer, Range, "
    b"traceparent, tracestate, X-Correlation-ID"
)
_MAX_AGE = b"600"


class Cors:
    """Answers are readable for the listed origins only; each is named, never `*`."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def allows(self, origin: bytes | None) -> bool:
        return origin in self._origins

    def on_answer(self, origin: bytes | None) -> Headers:
        """Headers for any answer to a page of that origin."""
        if not self._origins:
            return []
        headers: Headers = [(b"vary", b"Origin")]
        if origin is not None and origin in self._origins:
            headers += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", _EXPOSED),
            ]
        return headers

    def on_preflight(self) -> dict[str, str]:
        """Headers that only the question before a request gets."""
        return {
            "Access-Control-Allow-Methods": _METHODS.decode(),
            "Access-Control-Allow-Headers": _REQUEST_HEADERS.decode(),
            "Access-Control-Max-Age": _MAX_AGE.decode(),
        }
