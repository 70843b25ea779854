"""Assertions on errors, and on the requests that reach a service."""

import uuid

from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.upstream import RecordedRequest
from tests.e2e.attack.wire import RawResponse

ENVELOPE = {"code", "message", "correlation_id", "service", "timestamp", "details"}
CODES = {
    400: {"INVALID_REQUEST", "VALIDATION_ERROR"},
    401: {"AUTHENTICATION_ERROR"},
    403: {"AUTHORIZATION_ERROR", "CSRF"},
    404: {"RESOURCE_NOT_FOUND"},
    405: {"METHOD_NOT_ALLOWED"},
    408: {"INVALID_REQUEST"},
    413: {"PAYLOAD_TOO_LARGE"},
    415: {"UNSUPPORTED_MEDIA_TYPE"},
    429: {"RATE_LIMIT"},
    431: {"INVALID_REQUEST"},
    502: {"EXTERNAL_SERVICE_ERROR"},
    503: {"CONNECTION_ERROR", "SERVICE_UNAVAILABLE"},
    504: {"TIMEOUT"},
    505: {"INVALID_REQUEST"},
}
# All headers that may reach a service.
MAY_ARRIVE = {
    "host",
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "prefer",
    "range",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "user-agent",
    "x-correlation-id",
    "x-forwarded-for",
    "x-org-id",
    "x-request-timeout-ms",
    "x-user-id",
}


def assert_refused(edge: Edge, reply: RawResponse, *statuses: int) -> None:
    """Assert one of the statuses, the envelope, and that nothing reached a service."""
    assert reply.status in statuses, reply.raw
    assert_envelope(reply)
    assert edge.reached == 0


def assert_envelope(reply: RawResponse) -> None:
    """Assert the error envelope with the request's id, or a bare status of the HTTP server."""
    if reply.is_bare:
        assert 400 <= reply.status < 506
        return
    assert reply.value("Content-Type") == "application/json"
    assert set(reply.error) == ENVELOPE
    assert reply.error["code"] in CODES[reply.status]
    assert reply.error["service"] == "gateway"
    assert reply.error["correlation_id"] == reply.value("X-Correlation-ID")
    uuid.UUID(reply.error["correlation_id"])


def assert_clean(seen: RecordedRequest, user: str = "teacher-1") -> None:
    """Assert that a forwarded request carries its user's identity and nothing else."""
    assert seen.values("X-User-ID") == [user]
    assert seen.values("X-Org-ID") == []
    assert seen.values("X-Forwarded-For") == ["127.0.0.1"]
    assert len(seen.values("X-Correlation-ID")) == 1
    assert 0 < int(seen.values("X-Request-Timeout-Ms")[0]) <= 2000
    names = [name.lower() for name, _ in seen.headers]
    assert set(names) <= MAY_ARRIVE
    assert len(names) == len(set(names))
