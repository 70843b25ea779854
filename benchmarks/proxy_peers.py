"""What the gateway is measured against: an upstream that costs little, and a proxy without care."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

from benchmarks.gateway_overhead import BODY

HOST = "127.0.0.1"
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: private, no-cache\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY


class Upstream(asyncio.Protocol):
    """Answers each request head with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # it is one
        self._given = b""

    def data_received(self, data: bytes) -> None:
        self._given += data
        while b"\r\n\r\n" in self._given:
            self._given = self._given.partition(b"\r\n\r\n")[2]
            self._transport.write(_ANSWER)


def bare_proxy(upstream: str) -> Quart:
    """The proxy that one writes in five minutes: every header through, streamed back."""
    app = Quart(__name__)
    sessions: list[aiohttp.ClientSession] = []

    @app.before_serving
    async def begin() -> None:
        sessions.append(aiohttp.ClientSession(auto_decompress=False))

    @app.after_serving
    async def end() -> None:
        await sessions[0].close()

    @app.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def forward(path: str) -> Response:
        answer = await sessions[0].request(
            request.method,
            f"{upstream}/{path}?{request.query_string.decode()}",
            headers={name: value for name, value in request.headers if name != "Host"},
            data=await request.get_data() or None,
        )

        async def body() -> AsyncIterator[bytes]:
            async for chunk in answer.content.iter_any():
                yield chunk

        return Response(body(), answer.status, dict(answer.headers))

    return app


async def _serve_upstream(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, HOST, port)
    await server.serve_forever()


async def _serve_proxy(port: int) -> None:
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.accesslog = None
    await serve(bare_proxy(os.environ["UPSTREAM"]), config)


if __name__ == "__main__":
    serving = _serve_upstream if sys.argv[1] == "upstream" else _serve_proxy
    uvloop.run(serving(int(os.environ["PORT"])))
