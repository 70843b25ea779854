"""A bare Quart and aiohttp proxy: passes every header through and streams the body back."""

import os
from collections.abc import AsyncIterator

import aiohttp
from quart import Quart, Response, request

from benchmarks.peers import engines

UPSTREAM = os.environ["UPSTREAM"]
app = Quart(__name__)
sessions: list[aiohttp.ClientSession] = []


@app.before_serving
async def open_session() -> None:
    sessions.append(aiohttp.ClientSession(auto_decompress=False))


@app.after_serving
async def close_session() -> None:
    await sessions[0].close()


@app.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def forward(path: str) -> Response:
    upstream = await sessions[0].request(
        request.method,
        f"{UPSTREAM}/{path}?{request.query_string.decode()}",
        headers={name: value for name, value in request.headers if name != "Host"},
        data=await request.get_data() or None,
    )

    async def body() -> AsyncIterator[bytes]:
        async for chunk in upstream.content.iter_any():
            yield chunk

    return Response(body(), upstream.status, dict(upstream.headers))


if __name__ == "__main__":
    engines.run(app)
