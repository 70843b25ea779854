"""A small public JSON document that is read once in a while, such as a key set."""

from asyncio import timeout
from collections.abc import Awaitable, Callable

import aiohttp

from bff_core.client.errors import from_exception, is_json
from bff_core.client.transport import http_session
from bff_core.errors import DownstreamFailed

SECONDS = 2.0
MAX_BYTES = 64 * 1024


def document_at(url: str, *, name: str = "jwks") -> Callable[[], Awaitable[bytes]]:
    """What reads the document; a session of its own each time, for it is read so seldom.

    Reading raises DownstreamError when it is not there, late, too large or no JSON.
    """

    async def fetch() -> bytes:
        try:
            async with timeout(SECONDS), http_session(connections=1) as session:
                return await _read(session, url, name)
        except (aiohttp.ClientError, OSError) as error:
            raise from_exception(name, error) from error

    return fetch


async def _read(session: aiohttp.ClientSession, url: str, name: str) -> bytes:
    async with session.get(url, allow_redirects=False) as answer:
        if answer.status != 200 or not is_json(answer.headers):
            raise DownstreamFailed(name, reason="status", upstream_status=answer.status)
        body = await answer.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await answer.content.read(MAX_BYTES + 1)):
            body += more
    if len(body) > MAX_BYTES:
        raise DownstreamFailed(name, reason="too_large")
    return body
