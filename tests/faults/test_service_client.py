"""The service client against a misbehaving service on a real socket."""

import gzip
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bff_core.client import Credentials, ServiceClient, ServiceIdentity, http_session, text
from bff_core.errors import (
    BffError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamUnreachable,
)
from bff_core.observability import Metrics
from bff_core.settings import Downstream, Operation
from bff_core.testing import (
    ANY,
    NO_LENGTH,
    Reply,
    StubServer,
    a_client_runtime,
    a_context,
    stub_server,
)
from tests.faults.class_list import WHISPER, Page, endpoint, failure


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with stub_server() as stub:
        yield stub


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with http_session() as session:
        yield session


@pytest.fixture
def client(stub: StubServer, session: aiohttp.ClientSession) -> ServiceClient:
    return ServiceClient(session, Downstream(name="cms", url=stub.url), a_client_runtime())


async def test_good_answer_is_decoded(client: ServiceClient, stub: StubServer) -> None:
    stub.on("/v1/classes/a%2Fb", Reply(body=b'{"total": 3}'))
    params: dict[str, str | int] = {"q": "å&b", "n": 1}

    reading = await endpoint(client).get(a_context(), ["v1", "classes", "a/b"], params)

    assert (reading.value, reading.age, reading.stale) == (Page(3), 0.0, False)
    assert stub.requests[0].target == "/v1/classes/a%2Fb?q=%C3%A5%26b&n=1"


async def test_post_sends_its_body_as_json(client: ServiceClient, stub: StubServer) -> None:
    stub.on(ANY, Reply(201, b'{"total": 1}'))

    page = await endpoint(client).post(a_context(), ["v1", "classes"], b'{"a":1}')

    assert page == Page(1)
    assert stub.requests[0].method == "POST"
    assert stub.requests[0].headers["content-type"] == "application/json"
    assert stub.requests[0].body == b'{"a":1}'


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(301, WHISPER, {"Location": "/elsewhere"}), "redirect"),
        (Reply(308, WHISPER, {"Location": "http://127.0.0.1:1/"}), "redirect"),
        (Reply(500, WHISPER), "status"),
        (Reply(503, WHISPER, {"Content-Type": "text/html"}), "status"),
        (Reply(200, WHISPER, {"Content-Type": "text/html"}), "content_type"),
        (Reply(200, WHISPER, {}), "content_type"),
        (Reply(200, b'{"total": 1}', {"Content-Type": "application/jsonp"}), "content_type"),
        (Reply(204, b"", {}), "content_type"),
        (Reply(200, WHISPER), "Undecodable"),
        (Reply(200, b'{"total": "a stranger"}'), "Undecodable"),
        (Reply(200, b'{"total": NaN}'), "Undecodable"),
        (Reply(200, b""), "Undecodable"),
        (Reply(200, b"[" * 1000), "Undecodable"),
        (
            Reply(
                200,
                gzip.compress(b'{"total": 1}'),
                {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            ),
            "content_encoding",
        ),
        (Reply(200, b"x" * 1025), "too_large"),
        (Reply(200, b"x" * 200, times=1_000_000), "too_large"),
        (Reply(200, b"x" * 200, times=1_000_000, length=NO_LENGTH), "too_large"),
        (Reply(200, b'{"total": 1}', length=500), "ClientPayloadError"),
        (Reply(raw=b"HTTP/1.1 200 stranger\r\nContent-Length: x\r\n\r\n"), "ClientResponseError"),
        (Reply(raw=b"stranger\r\n\r\n"), "ClientResponseError"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000), "ClientResponseError"),
        (
            Reply(
                raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nzz\r\nstranger"
            ),
            None,
        ),
    ],
)
async def test_wrong_answer_is_a_failure_without_its_words(
    client: ServiceClient, stub: StubServer, reply: Reply, reason: str | None
) -> None:
    stub.on(ANY, reply)

    error = await failure(client)

    assert type(error) is DownstreamFailed
    assert reason in {error.reason, None}
    assert len(stub.requests) == 1


async def test_refusal_keeps_its_status(client: ServiceClient, stub: StubServer) -> None:
    stub.on(ANY, Reply(429, WHISPER, {"Content-Type": "text/html", "Retry-After": "7"}))

    error = await failure(client)

    assert isinstance(error, DownstreamRefused)
    assert (error.upstream_status, error.spoke_json, error.retry_after) == (429, False, 7.0)


@pytest.mark.parametrize("reply", [Reply(raw=b""), Reply(raw=b"HTTP/1.1 200 OK\r\nX: y")])
async def test_connection_cut_before_the_answer_is_unreachable(
    client: ServiceClient, stub: StubServer, reply: Reply
) -> None:
    stub.on(ANY, reply)

    error = await failure(client)

    assert isinstance(error, DownstreamUnreachable | DownstreamFailed)


async def test_nobody_listening_is_unreachable(session: aiohttp.ClientSession) -> None:
    async with stub_server() as gone:
        url = gone.url
    client = ServiceClient(session, Downstream(name="cms", url=url), a_client_runtime())

    error = await failure(client)

    assert isinstance(error, DownstreamUnreachable)
    assert error.retry_after == 1.0
    assert url.removeprefix("http://") not in f"{error}{error.details}{error.fields}"


async def test_cookies_are_not_kept(client: ServiceClient, stub: StubServer) -> None:
    headers = {"Content-Type": "application/json", "Set-Cookie": "session=theirs; Path=/"}
    stub.on(ANY, Reply(body=b'{"total": 1}', headers=headers))

    for _ in range(2):
        await endpoint(client).get(a_context(), ["v1"])

    assert "cookie" not in stub.requests[1].headers


async def test_environment_s_proxy_is_ignored(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}'))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with http_session() as session:
        client = ServiceClient(session, Downstream(name="cms", url=stub.url), a_client_runtime())
        await endpoint(client).get(a_context(), ["v1"])

    assert stub.requests[0].target == "/v1"


async def test_only_declared_credentials_travel(client: ServiceClient, stub: StubServer) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}'))
    proof = Credentials(service=ServiceIdentity("bff-teacher-service", "internal-key"))

    await endpoint(client).get(a_context(), ["v1"])
    await endpoint(client, credentials=proof).get(a_context(), ["v1"])

    plain, proven = (seen.headers for seen in stub.requests)
    assert plain["x-user-id"] == "teacher-1"
    assert {"x-internal-api-key", "x-service-id", "authorization"} & set(plain) == set()
    assert proven["x-internal-api-key"] == "internal-key"
    assert "x-user-id" not in proven
    assert proven["accept-encoding"] == "identity"


async def test_text_is_read_where_text_is_agreed(client: ServiceClient, stub: StubServer) -> None:
    stub.on(ANY, Reply(body="blåbär".encode(), headers={"Content-Type": "text/plain"}))
    essay = client.endpoint(
        "text", Operation(budget=1.0), text, credentials=Credentials(), json=False
    )

    assert (await essay.get(a_context(), ["v1"])).value == "blåbär"


async def test_calls_are_counted_by_outcome(stub: StubServer) -> None:
    metrics = Metrics("example")
    stub.on(ANY, Reply(body=b'{"total": 1}'), Reply(500))
    async with http_session() as session:
        client = ServiceClient(
            session, Downstream(name="cms", url=stub.url), a_client_runtime(metrics)
        )
        await endpoint(client).get(a_context(), ["v1"])
        await failure(client)

    for outcome in ("ok", "external_service_error"):
        labels = {"service": "cms", "operation": "list", "outcome": outcome}
        assert metrics.registry.get_sample_value("example_downstream_calls_total", labels) == 1


async def test_failure_is_one_line_without_the_other_side_s_words(
    client: ServiceClient, stub: StubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.on(ANY, Reply(500, WHISPER))

    await failure(client)

    line = capsys.readouterr().out
    assert "downstream_failed" in line
    assert line.count("\n") == 1
    assert "stranger" not in line


async def test_no_error_is_anything_but_ours(client: ServiceClient, stub: StubServer) -> None:
    """Bytes that a router or a half-dead process may send, one after another."""
    for raw in (b"\x00\xff", b"HTTP/9.9 1 \r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"\r\n\r\n"):
        stub.on(ANY, Reply(raw=raw))
        with pytest.raises(BffError):
            await endpoint(client).get(a_context(), ["v1"])


@pytest.mark.parametrize("key", ["a stranger's key\n", "a stranger's key\r\nX-Other: 1"])
async def test_a_header_that_the_library_refuses_is_a_failure_of_the_call(
    client: ServiceClient, stub: StubServer, key: str
) -> None:
    """Settings refuse such a key; whatever else does not must not become an error of ours."""
    error = await failure(client, credentials=Credentials(service=ServiceIdentity("bff", key)))

    assert (error.status, stub.requests) == (502, [])
