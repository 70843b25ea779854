"""The gateway's error envelope for refusals of an edge itself."""

from bff_core.errors import (
    BffError,
    DownstreamFailed,
    DownstreamTimeout,
    InvalidRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotAuthorized,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    Unavailable,
    UnsupportedMediaType,
)
from bff_core.server import RequestTooSlow

BY_STATUS: dict[int, type[BffError]] = {
    400: InvalidRequest,
    401: NotAuthenticated,
    403: NotAuthorized,
    404: NotFound,
    405: MethodNotAllowed,
    408: RequestTooSlow,
    411: InvalidRequest,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    426: InvalidRequest,
    429: RateLimited,
    431: InvalidRequest,
    500: BffError,
    502: DownstreamFailed,
    503: Unavailable,
    504: DownstreamTimeout,
}
HEADERS: dict[int, dict[str, str]] = {
    401: {"www-authenticate": "Bearer"},
    415: {"accept-encoding": "identity"},
    429: {"retry-after": "1"},
    503: {"retry-after": "1"},
}
"""Headers that go with an error, beside those of every answer."""
SERVICE = "gateway"
"""The name under `service`: clients know the edge by the name of what it stands in for."""


def envelope(status: int, *, correlation_id: str, timestamp: str) -> dict[str, object]:
    error = BY_STATUS[status]
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "correlation_id": correlation_id,
            "service": SERVICE,
            "timestamp": timestamp,
            "details": {},
        }
    }
