"""A Quart route that passes an answer on, as the BFFs do where a screen would decide nothing."""

from collections.abc import AsyncIterator

import pytest
from quart import Quart, Response, request
from quart import typing as quart_typing

from bff_core.client import http_session
from bff_core.observability import Metrics
from bff_core.server import body_chunks, relayed
from bff_core.settings import Downstream
from bff_core.testing import Reply, StubServer, stub_server
from services.gateway.implementations.forwarding import Forwarder, ForwardRequest, Upload


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with stub_server() as server:
        yield server


@pytest.fixture
async def client(stub: StubServer) -> AsyncIterator[quart_typing.TestClientProtocol]:
    app = Quart("test")
    async with http_session() as session:
        downstream = Downstream(name="config", url=stub.url)
        forwarder = Forwarder(session, downstream, Metrics("test"))

        @app.route("/settings", methods=["GET", "PUT"])
        async def settings() -> Response:
            body = Upload(body_chunks(request), limit=100) if request.content_length else None
            headers = [("Content-Length", str(request.content_length))] if body else []
            relay = await forwarder.send(
                ForwardRequest(
                    "settings", request.method, "/v1/settings", "a=1", headers, body, 1.0
                )
            )
            return relayed(relay, longest=5, idle=5)

        yield app.test_client()


async def test_an_answer_is_passed_on_with_its_own_headers(
    client: quart_typing.TestClientProtocol, stub: StubServer
) -> None:
    headers = {"Content-Type": "application/json", "ETag": '"7"', "Server": "config/1"}
    stub.on("/v1/settings", Reply(412, b'{"a": 1}', headers))

    answer = await client.get("/settings")

    assert (answer.status_code, await answer.get_data()) == (412, b'{"a": 1}')
    assert answer.headers["ETag"] == '"7"'
    assert "Server" not in answer.headers
    assert stub.requests[0].target == "/v1/settings?a=1"


async def test_a_body_is_passed_on(
    client: quart_typing.TestClientProtocol, stub: StubServer
) -> None:
    stub.on("/v1/settings", Reply())

    length = {"Content-Length": "14"}
    answer = await client.put("/settings", data=b'{"values": {}}', headers=length)

    assert answer.status_code == 200
    assert stub.requests[0].body == b'{"values": {}}'
