"""Malformed requests are rejected, unknown headers dropped, security headers on every response."""

from typing import Any

import pytest

from services.gateway.api.header_policy import REJECTION, CorsPolicy, HeaderPolicyMiddleware

Headers = list[tuple[bytes, bytes]]
ORIGIN = b"https://skola.example"


class AppStub:
    """An app that answers 200 and keeps the scope it was called with."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self.scope: dict[str, Any] = {}
        self._headers = list(headers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})


async def ask(inner: AppStub, *headers: tuple[bytes, bytes], **scope: object) -> Headers:
    """The headers of the response."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    policy = HeaderPolicyMiddleware(
        inner, CorsPolicy([ORIGIN.decode()]), max_header_bytes=1024, hsts_seconds=60
    )
    given = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/"}
    if not any(name == b"host" for name, _ in headers):
        headers = ((b"host", b"gateway.example"), *headers)
    await policy(given | {"query_string": b"", "headers": list(headers)} | scope, None, send)  # type: ignore[arg-type]  # nothing is received
    found: Headers = sent[0]["headers"]
    return found


async def test_the_app_sees_only_what_it_may_know() -> None:
    inner = AppStub()

    await ask(inner, (b"X-User-ID", b"v"), (b"Accept", b"*/*"), (b"X_Forwarded_For", b"1.1.1.1"))

    assert inner.scope["headers"] == [(b"host", b"gateway.example"), (b"accept", b"*/*")]
    assert inner.scope[REJECTION] is None


REJECTIONY: list[tuple[Headers, int]] = [
    ([(b"transfer-encoding", b"chunked"), (b"content-length", b"1")], 400),
    ([(b"authorization", b"a"), (b"authorization", b"b")], 400),
    ([(b"host", b"a"), (b"host", b"b")], 400),
    ([(b"host", b"")], 400),
    ([(b"transfer-encoding", b"identity, chunked")], 400),
    ([(b"prefer", b"a\x01")], 400),
    ([(b"x-long", b"a" * 2000)], 431),
    ([(b"x-many", b"")] * 101, 431),
]


@pytest.mark.parametrize(("headers", "status"), REJECTIONY)
async def test_a_faulty_message_is_marked_and_its_connection_closed(
    headers: Headers, status: int
) -> None:
    inner = AppStub()

    answered = await ask(inner, *headers)

    assert inner.scope[REJECTION].status == status
    assert (b"connection", b"close") in answered


@pytest.mark.parametrize("version", ["1", "1.0"])
async def test_chunks_of_an_old_client_are_refused(version: str) -> None:
    inner = AppStub()

    await ask(inner, (b"transfer-encoding", b"chunked"), http_version=version)

    assert inner.scope[REJECTION].status == 400


async def test_a_long_address_counts_as_head() -> None:
    inner = AppStub()

    await ask(inner, query_string=b"x" * 2000)

    assert inner.scope[REJECTION].status == 431


async def test_every_answer_says_how_a_browser_must_treat_it() -> None:
    answered = dict(await ask(AppStub()))

    assert answered[b"x-content-type-options"] == b"nosniff"
    assert answered[b"cache-control"] == b"no-store"
    assert answered[b"strict-transport-security"] == b"max-age=60; includeSubDomains"


async def test_what_an_answer_says_of_caching_stands() -> None:
    answered = await ask(AppStub((b"cache-control", b"max-age=5")))

    assert [value for name, value in answered if name == b"cache-control"] == [b"max-age=5"]


async def test_only_a_listed_page_may_read() -> None:
    ours = dict(await ask(AppStub(), (b"origin", ORIGIN)))
    theirs = dict(await ask(AppStub(), (b"origin", b"https://evil.example")))

    assert ours[b"access-control-allow-origin"] == ORIGIN
    assert b"access-control-allow-origin" not in theirs
