"""The one place where a failed call becomes an error of ours."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)

LONGEST_RETRY_AFTER = 3600.0


def from_exception(service: str, error: Exception) -> DownstreamError:
    """What an exception of the HTTP library means to us; its text stays behind."""
    if isinstance(error, asyncio.TimeoutError):
        sent = not isinstance(error, aiohttp.ConnectionTimeoutError)
        return DownstreamTimeout(service, reason=type(error).__name__, sent=sent)
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        sent = not isinstance(error, aiohttp.ClientConnectorError)
        reason = type(error).__name__
        return DownstreamUnreachable(service, reason=reason, retry_after=1.0, sent=sent)
    return DownstreamFailed(service, reason=type(error).__name__)


def from_status(service: str, status: int, headers: Mapping[str, str]) -> DownstreamError:
    """What a status other than a success means to us; the body is not even read."""
    if 400 <= status < 500:
        error: DownstreamError = DownstreamRefused(
            service, upstream_status=status, spoke_json=is_json(headers)
        )
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
    """Seconds to wait that the service asked for, in either of the header's two forms."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_RETRY_AFTER)
    try:
        due = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is UTC. No conversion: at the end of the calendar it would overflow.
    aware = due if due.tzinfo else due.replace(tzinfo=UTC)
    seconds = (aware - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
