"""Errors of Identity, translated: a known code, a fitting status, nothing of Identity's own body."""

import json
from collections.abc import Mapping

from bff_core.errors import BffError, ClientError, DownstreamFailed
from services.gateway.route_table import UpstreamName

_STATUS_AND_MESSAGE: Mapping[str, tuple[int, str]] = {
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
_CODE_BY_STATUS: Mapping[int, str] = {
    401: "AUTHENTICATION_ERROR",
    403: "AUTHORIZATION_ERROR",
    404: "RESOURCE_NOT_FOUND",
    429: "RATE_LIMIT",
}
_RETRY_AFTER = 60.0
"""Seconds; Identity counts attempts per minute and sends no `Retry-After`."""


class IdentityRefused(ClientError):
    """An error of Identity, under its own code and a status that fits it."""


IDENTITY_ERRORS: Mapping[str, type[IdentityRefused]] = {
    code: type(
        "IdentityRefused", (IdentityRefused,), {"code": code, "status": status, "message": message}
    )
    for code, (status, message) in _STATUS_AND_MESSAGE.items()
}


def identity_error(status: int, body: bytes) -> BffError:
    """The error to answer with when Identity answered with this one."""
    if status >= 500:
        return DownstreamFailed(UpstreamName.IDENTITY, reason="status", upstream_status=status)
    error = _error_in(body) or {}
    code = error.get("error_code", error.get("code"))
    if not isinstance(code, str) or code not in IDENTITY_ERRORS:
        code = _CODE_BY_STATUS.get(status, "VALIDATION_ERROR")
    retry_after = _RETRY_AFTER if code == "RATE_LIMIT" else None
    return IDENTITY_ERRORS[code](fields={"upstream_status": status}, retry_after=retry_after)


def is_envelope(body: bytes) -> bool:
    """Tells whether an error body has exactly the fields of the error envelope."""
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
