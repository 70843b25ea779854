"""Requests for one caller alone: statuses, headers and writes that go out once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bff_core.client import Credentials, Endpoint, JsonDecoder, ServiceClient, http_session
from bff_core.errors import DownstreamFailed, DownstreamRefused, DownstreamUnreachable
from bff_core.settings import Downstream, Operation
from bff_core.testing import ANY, Reply, StubServer, a_client_runtime, a_context, stub_server
from tests.faults.class_list import Page

PATH = ["v1", "settings", "a"]


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with stub_server() as stub:
        yield stub


@pytest.fixture
async def endpoint(stub: StubServer) -> AsyncIterator[Endpoint[Page]]:
    async with http_session() as session:
        client = ServiceClient(session, Downstream(name="config", url=stub.url), a_client_runtime())
        yield client.endpoint(
            "settings",
            Operation(budget=2.0, attempts=2),
            JsonDecoder(Page),
            credentials=Credentials(),
            statuses=frozenset({304, 412}),
        )
        await client.aclose()


async def test_a_named_status_is_an_answer_with_its_body(
    endpoint: Endpoint[Page], stub: StubServer
) -> None:
    stub.on(ANY, Reply(412, b'{"error": {}}', {"Content-Type": "application/json", "ETag": '"x"'}))

    answer = await endpoint.request(
        a_context(), "PUT", PATH, body=b"{}", headers={"If-Match": '"y"'}
    )

    assert (answer.status, answer.value, answer.body) == (412, None, b'{"error": {}}')
    assert answer.headers["etag"] == '"x"'
    assert stub.requests[0].headers["if-match"] == '"y"'
    assert stub.requests[0].headers["content-length"] == "2"


async def test_not_modified_needs_no_body(endpoint: Endpoint[Page], stub: StubServer) -> None:
    stub.on(ANY, Reply(304, b"", {"ETag": '"x"'}))

    answer = await endpoint.request(a_context(), "GET", PATH, headers={"If-None-Match": '"x"'})

    assert (answer.status, answer.value, answer.headers["ETag"]) == (304, None, '"x"')


async def test_other_statuses_stay_failures(endpoint: Endpoint[Page], stub: StubServer) -> None:
    stub.on(ANY, Reply(409))
    with pytest.raises(DownstreamRefused):
        await endpoint.request(a_context(), "PUT", PATH, body=b"{}")

    stub.on(ANY, Reply(412, b"<h1>", {"Content-Type": "text/html"}))
    with pytest.raises(DownstreamFailed):
        await endpoint.request(a_context(), "PUT", PATH, body=b"{}")


async def test_reads_of_two_are_not_one(endpoint: Endpoint[Page], stub: StubServer) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}', delay=0.05))

    async with asyncio.TaskGroup() as group:
        for tag in ('"a"', '"b"'):
            group.create_task(
                endpoint.request(a_context(), "GET", PATH, headers={"If-None-Match": tag})
            )

    assert {one.headers["if-none-match"] for one in stub.requests} == {'"a"', '"b"'}


async def test_a_write_on_a_dead_connection_is_not_repeated(
    endpoint: Endpoint[Page], stub: StubServer
) -> None:
    stub.on(ANY, Reply(body=b'{"total": 1}'), Reply(raw=b""))
    await endpoint.request(a_context(), "PUT", PATH, body=b"{}")

    with pytest.raises(DownstreamUnreachable) as caught:
        await endpoint.request(a_context(), "PUT", PATH, body=b"{}")

    assert len(stub.requests) == 2
    assert caught.value.sent


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_write_that_found_no_connection_was_not_sent(method: str) -> None:
    async with stub_server() as gone:
        url = gone.url
    async with http_session() as session:
        client = ServiceClient(session, Downstream(name="config", url=url), a_client_runtime())
        endpoint = client.endpoint(
            "settings", Operation(budget=2.0), JsonDecoder(Page), credentials=Credentials()
        )

        with pytest.raises(DownstreamUnreachable) as caught:
            await endpoint.request(a_context(), method, PATH, body=b"{}")

        await client.aclose()
    assert not caught.value.sent
