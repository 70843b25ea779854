"""What a service's refusal becomes at the edge: our envelope, our words, no body of Identity's."""

import json
from collections.abc import Mapping

from bff_core.errors import BffError, ClientError, DownstreamFailed
from services.gateway.route_table import Upstream

LONGEST_READ = 4 * 1024 * 1024

_KNOWN: Mapping[str, tuple[int, str]] = {
    "IDENTITY_INVALID_CREDENTIALS": (401, "The e-mail address or the password is wrong"),
    "IDENTITY_TOKEN_EXPIRED": (401, "The token has expired"),
    "IDENTITY_TOKEN_INVALID": (401, "The token is not valid"),
    "IDENTITY_REFRESH_TOKEN_EXPIRED": (401, "The refresh token has expired"),
    "IDENTITY_REFRESH_TOKEN_INVALID": (401, "The refresh token is not valid"),
    "IDENTITY_EMAIL_NOT_VERIFIED": (403, "The e-mail address is not verified yet"),
    "IDENTITY_ACCOUNT_LOCKED": (403, "The account is locked for a while"),
    "IDENTITY_APPROVAL_PENDING": (403, "The account waits for an admin's approval"),
    "IDENTITY_ACCESS_DENIED": (403, "The account was denied"),
    "IDENTITY_USER_ALREADY_EXISTS": (409, "An account with this e-mail address exists"),
    "IDENTITY_EMAIL_ALREADY_VERIFIED": (409, "The e-mail address is verified already"),
    "IDENTITY_VERIFICATION_TOKEN_EXPIRED": (400, "The verification token has expired"),
    "IDENTITY_VERIFICATION_TOKEN_INVALID": (400, "The verification token is not valid"),
    "IDENTITY_RESET_TOKEN_EXPIRED": (400, "The reset token has expired"),
    "IDENTITY_RESET_TOKEN_INVALID": (400, "The reset token is not valid"),
    "IDENTITY_PASSWORD_RESET_NOT_REQUESTED": (400, "No password reset was asked for"),
    "VALIDATION_ERROR": (400, "The request is not valid"),
    "AUTHENTICATION_ERROR": (401, "A valid token is required"),
    "AUTHORIZATION_ERROR": (403, "You may not do this"),
    "RESOURCE_NOT_FOUND": (404, "There is nothing here"),
    "RATE_LIMIT": (429, "Too many attempts; wait a while"),
}
_BY_STATUS: Mapping[int, str] = {
    401: "AUTHENTICATION_ERROR",
    403: "AUTHORIZATION_ERROR",
    404: "RESOURCE_NOT_FOUND",
    429: "RATE_LIMIT",
}
_SIGN_IN_PAUSE = 60.0
"""Seconds; Identity counts attempts per minute and sends no `Retry-After`."""


class IdentityRefused(ClientError):
    """A refusal of Identity, under its own code and a status that fits it."""


def _refusal(code: str) -> type[IdentityRefused]:
    status, message = _KNOWN[code]
    facts = {"code": code, "status": status, "message": message}
    return type("IdentityRefused", (IdentityRefused,), facts)


REFUSALS: Mapping[str, type[IdentityRefused]] = {code: _refusal(code) for code in _KNOWN}


def translated(status: int, body: bytes) -> BffError:
    """What to tell the caller when Identity answers with an error."""
    if status >= 500:
        return DownstreamFailed(Upstream.IDENTITY, reason="status", upstream_status=status)
    code = _code_in(body)
    if code not in REFUSALS:
        code = _BY_STATUS.get(status, "VALIDATION_ERROR")
    pause = _SIGN_IN_PAUSE if code == "RATE_LIMIT" else None
    return REFUSALS[code](fields={"upstream_status": status}, retry_after=pause)


def _code_in(body: bytes) -> str:
    error = _error_in(body)
    code = error.get("error_code", error.get("code")) if error else None
    return code if isinstance(code, str) else ""


def is_envelope(body: bytes) -> bool:
    """Whether an error body is in the one shape that may leave."""
    error = _error_in(body)
    return error is not None and error.keys() == {
        "code",
        "message",
        "correlation_id",
        "service",
        "timestamp",
        "details",
    }


def _error_in(body: bytes) -> dict[str, object] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return error if isinstance(error, dict) else None
