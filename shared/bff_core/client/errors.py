"""Translation of aiohttp's exceptions and of HTTP statuses into errors of `bff_core.errors`."""

from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp
from werkzeug.http import parse_date

from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)

MAX_RETRY_AFTER_SECONDS = 3600.0


class UnrequestedBytesError(aiohttp.ClientConnectionError):
    """Every connection had bytes that no request has asked for; nothing was sent."""


_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    UnrequestedBytesError,
)
"""Failures before the first byte of a request is written."""


def from_exception(service: str, error: Exception) -> DownstreamError:
    """Translate an exception of the HTTP library; its text is left out."""
    reason, sent = type(error).__name__, not isinstance(error, _NOT_CONNECTED)
    if isinstance(error, TimeoutError):
        return DownstreamTimeout(service, reason=reason, sent=sent)
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return DownstreamUnreachable(service, reason=reason, retry_after=1.0, sent=sent)
    return DownstreamFailed(service, reason=reason, sent=sent)


def from_status(service: str, status: int, headers: Mapping[str, str]) -> DownstreamError:
    """Translate a status other than a success; the body is not read."""
    error: DownstreamError
    if 400 <= status < 500:
        error = DownstreamRefused(service, upstream_status=status, spoke_json=is_json(headers))
    else:
        reason = "redirect" if 300 <= status < 400 else "status"
        error = DownstreamFailed(service, reason=reason, upstream_status=status)
    error.retry_after = retry_after(headers)
    return error


def is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header in either of its two forms; None when absent or invalid."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_RETRY_AFTER_SECONDS)
    due = parse_date(value)
    if due is None:
        return None
    # No conversion: at the end of the calendar it would overflow.
    seconds = (due - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
