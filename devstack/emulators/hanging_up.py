"""How to close a connection without an answer, for which ASGI has no word."""

from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ASGISendCallable


async def hang_up(send: ASGISendCallable) -> None:
    """Close the connection behind `send`.

    A stream that ends before its answer does is closed by Hypercorn; an app that merely returns
    would be given a 500. Behind anything else than Hypercorn nothing happens.
    """
    stream = getattr(send, "__self__", None)
    if isinstance(stream, HTTPStream):
        await stream.send(StreamClosed(stream_id=stream.stream_id))
