"""Small public JSON documents that are read rarely, such as a key set."""

from asyncio import timeout
from collections.abc import Awaitable, Callable

import aiohttp

from bff_core.client.errors import from_exception, is_json
from bff_core.client.transport import http_session
from bff_core.errors import DownstreamFailed

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 64 * 1024


def document_at(url: str, *, name: str = "jwks") -> Callable[[], Awaitable[bytes]]:
    """A function that reads the document through a session of its own.

    It raises DownstreamError when the document is absent, late, too large or not JSON.
    """

    async def fetch() -> bytes:
        try:
            async with (
                timeout(TIMEOUT_SECONDS),
                http_session(connections=1) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                return await _body_of(response, name)
        except (aiohttp.ClientError, OSError) as error:
            raise from_exception(name, error) from error

    return fetch


async def _body_of(response: aiohttp.ClientResponse, name: str) -> bytes:
    if response.status != 200 or not is_json(response.headers):
        raise DownstreamFailed(name, reason="status", upstream_status=response.status)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise DownstreamFailed(name, reason="too_large")
    return bytes(body)
