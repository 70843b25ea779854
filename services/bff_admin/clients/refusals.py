"""Refusals of our own services, passed on to the admin: known codes, known details, no more."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bff_core.client import DownstreamResponse
from bff_core.errors import (
    ClientError,
    Conflict,
    DownstreamFailed,
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
_CURRENT = frozenset({"status", "version", "decided_at", "decided_by", "decided_by_name"})
_LONGEST_MESSAGE = 500

STATUSES = frozenset(kind.status for kind in _KINDS)
"""Those of refusals that the admin can do something about. A 401 is not one: it is our key's."""


class _Error(msgspec.Struct):
    code: str
    message: str
    details: dict[str, Any]


class _Envelope(msgspec.Struct):
    error: _Error


_DECODER = msgspec.json.Decoder(_Envelope)


def refusal_in(service: str, answer: DownstreamResponse) -> ClientError:
    """The refusal as an error of this service; its ETag stays with it.

    Raises:
        DownstreamFailed: It is not the envelope that our services speak.
    """
    try:
        error = _DECODER.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise DownstreamFailed(
            service, reason="no_envelope", upstream_status=answer.status
        ) from fault
    said = error.error
    kind = _BY_CODE.get(said.code)
    if kind is None or kind.status != answer.status:
        raise DownstreamFailed(service, reason="odd_code", upstream_status=answer.status)
    refusal = _refusal(kind, said)
    if "ETag" in answer.headers:
        refusal.headers["ETag"] = answer.headers["ETag"]
    return refusal


def passable(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details that may go out."""
    kept = {name: value for name, value in details.items() if name in _DETAILS}
    if "current" in kept:
        current = kept["current"] if isinstance(kept["current"], dict) else {}
        kept["current"] = {name: current[name] for name in _CURRENT & current.keys()}
    return kept


def _refusal(kind: type[ClientError], said: _Error) -> ClientError:
    if kind is ValidationFailed:
        return ValidationFailed(_flaws(said.details.get("errors")))
    message = said.message[:_LONGEST_MESSAGE]
    return kind(message, details=passable(said.details))


def _flaws(errors: object) -> list[FieldError]:
    rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    return [FieldError(str(row.get("pointer", "")), str(row.get("message", ""))) for row in rows]
