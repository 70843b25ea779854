"""A forwarded answer as Quart's response, and a request's body as it comes in."""

from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType

from quart import Request, Response
from quart.wrappers.response import ResponseBody
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from bff_core.errors import PayloadTooLarge
from bff_core.http import Relay


class _RelayedBody(ResponseBody):
    """Closes the service's connection however the sending ends."""

    def __init__(self, relay: Relay, idle: float) -> None:
        self._relay = relay
        self._idle = idle

    async def __aenter__(self) -> AsyncIterable[bytes]:
        return self._relay.chunks(idle=self._idle)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._relay.close()


def relayed(relay: Relay, *, longest: float, idle: float) -> Response:
    """The answer, passed on while it comes.

    `longest` bounds the sending of an answer that has an end, `idle` the silence of a stream that
    has none; both in seconds.
    """
    silence = idle if relay.is_stream else min(idle, longest)
    answer = Response(_RelayedBody(relay, silence), status=relay.status)
    answer.headers = Headers(
        [(name.decode("ascii"), value.decode("latin-1")) for name, value in relay.headers]
    )
    # Quart would cut a stream after its RESPONSE_TIMEOUT.
    answer.timeout = None if relay.is_stream else longest
    return answer


async def body_chunks(request: Request) -> AsyncIterator[bytes]:
    """A request's body while it arrives.

    Raises:
        PayloadTooLarge: More arrived than the app takes from anyone.
    """
    try:
        async for chunk in request.body:
            yield chunk
    except RequestEntityTooLarge as error:
        raise PayloadTooLarge from error
