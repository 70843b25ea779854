"""Responses of the project's own services: decoded, refusals passed on, unknown outcomes marked."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from bff_core.client import DownstreamResponse, Undecodable
from bff_core.errors import (
    ClientError,
    Conflict,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    FieldError,
    InvalidRequest,
    NotAuthorized,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    PreconditionRequired,
    UnsupportedMediaType,
    ValidationFailed,
)

M = TypeVar("M", bound=BaseModel)

_KINDS: tuple[type[ClientError], ...] = (
    ValidationFailed,
    InvalidRequest,
    NotAuthorized,
    NotFound,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    PreconditionRequired,
)
_BY_CODE = {kind.code: kind for kind in _KINDS}
_DETAILS = frozenset(
    {"reason", "current", "current_etag", "current_version", "diff", "errors", "limit_bytes"}
)
_CURRENT_FIELDS = frozenset({"status", "version", "decided_at", "decided_by", "decided_by_name"})
_MAX_MESSAGE_LENGTH = 500

REFUSAL_STATUSES = frozenset(kind.status for kind in _KINDS)
"""Statuses that are passed on to the admin. A 401 is not: it concerns the key of this service."""


class _EnvelopeError(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any]


class _Envelope(msgspec.Struct):
    error: _EnvelopeError


_DECODER = msgspec.json.Decoder(_Envelope)


def model_decoder(kind: type[M]) -> Callable[[bytes], M]:
    """Decodes the DTO itself, where a response is passed on with the fields that it has."""

    def decode(body: bytes) -> M:
        try:
            return kind.model_validate_json(body, strict=True)
        except ValidationError as error:
            raise Undecodable(type(error).__name__) from None

    return decode


REPEATABLE = "It is not known whether this was done; the same request may be repeated"


async def mark_unknown_outcome(
    write: Awaitable[DownstreamResponse], message: str = REPEATABLE
) -> DownstreamResponse:
    """Await a write; if it was sent and got no answer, set `details.outcome` to "unknown"."""
    try:
        return await write
    except DownstreamError as error:
        if error.sent and not isinstance(error, DownstreamRefused):
            error.details["outcome"] = "unknown"
            error.text = message
        raise


def raise_for_status(service: str, response: DownstreamResponse) -> None:
    """Raise a refusal as an error of this service, with its ETag.

    Only known codes, details and fields are passed on.

    Raises:
        ClientError: The status is 400 or above.
        DownstreamFailed: The body is not the error envelope, or its code does not fit the status.
    """
    if response.status < 400:
        return
    try:
        error = _DECODER.decode(response.body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise DownstreamFailed(
            service, reason="no_envelope", upstream_status=response.status
        ) from fault
    kind = _BY_CODE.get(error.code)
    if kind is None or kind.status != response.status:
        raise DownstreamFailed(service, reason="odd_code", upstream_status=response.status)
    if kind is ValidationFailed:
        count = error.details.get("error_count")
        refusal: ClientError = ValidationFailed(_field_errors(error.details.get("errors")))
        refusal.details["error_count"] = count if isinstance(count, int) else None
    else:
        message = error.message[:_MAX_MESSAGE_LENGTH]
        refusal = kind(message, details=_known_details(error.details))
    if "ETag" in response.headers:
        refusal.headers["ETag"] = response.headers["ETag"]
    raise refusal


def _known_details(details: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in details.items() if name in _DETAILS}
    if "current" in known:
        current = known["current"] if isinstance(known["current"], dict) else {}
        known["current"] = {name: current[name] for name in _CURRENT_FIELDS & current.keys()}
    return known


def _field_errors(errors: object) -> list[FieldError]:
    rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    return [FieldError(str(row.get("pointer", "")), str(row.get("message", ""))) for row in rows]
