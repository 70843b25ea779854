"""All failures that may leave a service: a stable code and an HTTP status each.

A `ClientError` the caller can mend, a `DownstreamError` is the failure of a downstream service, and
`Unavailable` and `Unexpected` are ours. Nothing here holds text from a downstream service: facts go
into `details` or `fields`.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import ClassVar, Self


class BffError(Exception):
    """Base of all errors; `bff_core.server` turns one into the error envelope.

    `details` and `headers` are sent to the caller, `fields` goes to the log only, `retry_after` is
    in seconds.
    """

    code: ClassVar[str] = "UNKNOWN_ERROR"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "An unexpected error occurred"

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, object] | None = None,
        fields: Mapping[str, object] | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # `args` stay the constructor's own: `copy.copy` calls it with them.
        self.text = message or self.message
        self.headers: dict[str, str] = dict(headers) if headers else {}
        self.details: dict[str, object] = dict(details) if details else {}
        self.retry_after = retry_after
        self._fields = fields

    def __init_subclass__(cls, *, code: str | None = None, status: int | None = None) -> None:
        """A subclass without a code or a status has that of its parent."""
        super().__init_subclass__()
        if code is not None:
            cls.code = code
        if status is not None:
            cls.status = status

    def __str__(self) -> str:
        return self.text

    @property
    def fields(self) -> dict[str, object]:
        return dict(self._fields or {})

    def copy(self) -> Self:
        """An equal error with a traceback, details and headers of its own, to raise elsewhere."""
        duplicate = copy(self)
        duplicate.details = dict(self.details)
        duplicate.headers = dict(self.headers)
        return duplicate


class ClientError(BffError):
    """Base of the errors that the caller can mend."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error in an input; `pointer` is a JSON pointer into it."""

    pointer: str
    message: str


MAX_LISTED_ERRORS = 50
"""Field errors that one answer lists."""
MAX_POINTER_LENGTH = 256
"""The caller decides how long the names in a pointer are."""


class ValidationFailed(ClientError, code="VALIDATION_ERROR", status=400):
    """Lists the first errors; `error_count` is how many there are, null when not all were looked for."""

    message = "The request is not valid"

    def __init__(self, errors: Iterable[FieldError], *, count: int | None = None) -> None:
        """`count` is the number of all errors, where `errors` holds only some of them."""
        super().__init__(details=listed_errors(errors, count=count))


def listed_errors(errors: Iterable[FieldError], *, count: int | None = None) -> dict[str, object]:
    """Details of an error: the first errors, and how many there are."""
    found = list(errors)
    listed = [
        {"pointer": error.pointer[:MAX_POINTER_LENGTH], "message": error.message}
        for error in found[:MAX_LISTED_ERRORS]
    ]
    return {"errors": listed, "error_count": len(found) if count is None else count}


class InvalidRequest(ClientError, code="INVALID_REQUEST", status=400):
    message = "The request cannot be understood"


class NotAuthenticated(ClientError, code="AUTHENTICATION_ERROR", status=401):
    """`reason` is a fixed code, never the text of a library."""

    message = "A valid access token is required"

    def __init__(self, reason: str) -> None:
        super().__init__(details={"reason": reason})


class CallerUnknown(NotAuthenticated):
    message = "The calling service must name itself and prove it"


class NotAuthorized(ClientError, code="AUTHORIZATION_ERROR", status=403):
    message = "You may not do this"


class NotFound(ClientError, code="RESOURCE_NOT_FOUND", status=404):
    message = "There is nothing here"


class MethodNotAllowed(ClientError, code="METHOD_NOT_ALLOWED", status=405):
    message = "This method is not allowed here"


class Conflict(ClientError, code="CONFLICT", status=409):
    message = "The resource has changed since you read it"


class PreconditionFailed(ClientError, code="PRECONDITION_FAILED", status=412):
    message = "The resource is not at the version you named"


class PayloadTooLarge(ClientError, code="PAYLOAD_TOO_LARGE", status=413):
    message = "The request body is too large"


class UnsupportedMediaType(ClientError, code="UNSUPPORTED_MEDIA_TYPE", status=415):
    message = "The request body must be application/json"


def unsupported_encoding() -> UnsupportedMediaType:
    """The error for a body that is compressed; names the one coding that is read (RFC 9110)."""
    return UnsupportedMediaType(
        "The request body must not be encoded",
        details={"reason": "content_encoding"},
        headers={"Accept-Encoding": "identity"},
    )


class PreconditionRequired(ClientError, code="PRECONDITION_REQUIRED", status=428):
    message = "Name the version you have read with If-Match"


class RateLimited(ClientError, code="RATE_LIMIT", status=429):
    message = "Too many requests"


class Unavailable(BffError, code="SERVICE_UNAVAILABLE", status=503):
    message = "The service cannot answer at the moment"


class Unexpected(BffError):
    """A bug; the log has the details under the same correlation id."""


class DownstreamError(BffError):
    """A failed call to a downstream service.

    `service` is its name in the settings, never its address. `sent` is False when no byte of the
    request, in any attempt, can have reached the service.
    """

    def __init__(
        self,
        service: str,
        *,
        reason: str | None = None,
        upstream_status: int | None = None,
        retry_after: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(retry_after=retry_after)
        self.service = service
        self.reason = reason
        self.upstream_status = upstream_status
        self.sent = sent
        self.details["service"] = service

    @property
    def fields(self) -> dict[str, object]:
        facts = {"reason": self.reason, "upstream_status": self.upstream_status}
        return {name: value for name, value in facts.items() if value is not None}

    def naming_part(self, part: str) -> Self:
        """Set `details.part`, the part of the screen that is missing because of this error."""
        self.details["part"] = part
        return self


class DownstreamFailed(DownstreamError, code="EXTERNAL_SERVICE_ERROR", status=502):
    message = "A service that this answer needs gave a wrong answer"


class DownstreamRefused(DownstreamFailed):
    """A 4xx of the service; clients that expect one catch it and read `upstream_status`.

    `spoke_json` is False for a router's HTML page, which is no answer of the service itself.
    """

    def __init__(
        self, service: str, *, upstream_status: int | None = None, spoke_json: bool = False
    ) -> None:
        super().__init__(service, reason="refused", upstream_status=upstream_status)
        self.spoke_json = spoke_json


class DownstreamUnreachable(DownstreamError, code="CONNECTION_ERROR", status=503):
    message = "A service that this answer needs cannot be reached"


class DownstreamSaturated(DownstreamError, code="SERVICE_UNAVAILABLE", status=503):
    message = "A service that this answer needs has too many calls waiting"


class CallerSaturated(DownstreamSaturated, code="RATE_LIMIT", status=429):
    """The caller has its share of the calls that the service takes at a time."""

    message = "Too many of your requests are being answered"


class CircuitOpen(DownstreamError, code="CIRCUIT_BREAKER_OPEN", status=503):
    message = "A service that this answer needs is resting after failures"


class DownstreamTimeout(DownstreamError, code="TIMEOUT", status=504):
    message = "A service that this answer needs did not answer in time"


class UpstreamAborted(Exception):
    """The upstream broke off after its head was passed on: the connection must end uncleanly."""
