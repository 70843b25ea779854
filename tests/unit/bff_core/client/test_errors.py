"""Every failure of the HTTP library and every status becomes a DownstreamError."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import client_exceptions

from bff_core.client.errors import MAX_RETRY_AFTER_SECONDS, from_exception, from_status, retry_after
from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
)

JSON = {"Content-Type": "application/json"}
TIMEOUTS = {"ServerTimeoutError", "ConnectionTimeoutError", "SocketTimeoutError"}
UNREACHABLE = {
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientOSError",
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ClientProxyConnectionError",
    "ClientConnectorSSLError",
    "ClientConnectorCertificateError",
    "ClientSSLError",
    "UnixClientConnectorError",
    "ServerConnectionError",
    "ServerDisconnectedError",
    "ServerFingerprintMismatch",
}
WRONG_ANSWERS = {
    "ClientError",
    "ClientPayloadError",
    "ClientResponseError",
    "ClientHttpProxyError",
    "ContentTypeError",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "RedirectClientError",
    "TooManyRedirects",
    "UploadAbortedError",
    "WSServerHandshakeError",
}


def library_errors() -> Iterator[type[Exception]]:
    for name in client_exceptions.__all__:
        kind = getattr(client_exceptions, name)
        if issubclass(kind, aiohttp.ClientError):
            yield kind


@pytest.mark.parametrize("kind", list(library_errors()))
def test_every_error_of_the_library_is_translated(kind: type[Exception]) -> None:
    error = from_exception("cms", kind.__new__(kind))

    expected = {
        DownstreamTimeout: TIMEOUTS,
        DownstreamUnreachable: UNREACHABLE,
        DownstreamFailed: WRONG_ANSWERS,
    }
    assert kind.__name__ in expected[type(error)]


def test_library_s_text_stays_behind() -> None:
    error = from_exception("cms", OSError("secret host 10.0.0.7"))

    assert "10.0.0.7" not in f"{error}{error.details}{error.fields}"
    assert error.fields == {"reason": "OSError"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 499])
def test_refusal_says_whether_it_spoke_json(status: int) -> None:
    spoken = from_status("cms", status, JSON)
    mute = from_status("cms", status, {"Content-Type": "text/html"})

    assert isinstance(spoken, DownstreamRefused)
    assert isinstance(mute, DownstreamRefused)
    assert (spoken.upstream_status, spoken.spoke_json, mute.spoke_json) == (status, True, False)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(301, "redirect"), (308, "redirect"), (304, "redirect"), (500, "status"), (599, "status")],
)
def test_other_statuses_are_failures(status: int, reason: str) -> None:
    error: DownstreamError = from_status("cms", status, JSON)

    assert type(error) is DownstreamFailed
    assert error.fields == {"reason": reason, "upstream_status": status}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("99999999999999999999", MAX_RETRY_AFTER_SECONDS),
        ("-7", None),
        ("7.5", None),
        ("soon", None),
        ("", None),
        ("\u0667", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", MAX_RETRY_AFTER_SECONDS),
        ("Fri, 31 Dec 9999 23:59:59 +9999", None),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
    ],
)
def test_retry_after_is_bounded_seconds_or_nothing(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}) == seconds


def test_retry_after_may_be_a_date() -> None:
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert retry_after({"Retry-After": due}) == pytest.approx(60, abs=2)
    assert from_status("cms", 503, {"Retry-After": due}).retry_after == pytest.approx(60, abs=2)
