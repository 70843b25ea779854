"""Answers that stay open: server-sent events."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from quart import Response, request

from bff_core.errors import MethodNotAllowed
from bff_core.server.concurrency_limit import release_slot
from bff_core.server.openapi.declarations import ExtraResponse, extra_responses
from bff_core.server.request_middleware import request_state

EVENT_STREAM = "text/event-stream"

View = Callable[..., Awaitable[AsyncIterator[bytes]]]


def returns_events(
    event: Mapping[str, Any],
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Write the frames that the view gives as they come; `event` is the schema of each.

    An open stream is not a request in flight: whoever opens one has a limit of their own. The view
    is done, and refuses if it has to, before the first byte.
    """

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        @wraps(view)
        async def written(*args: Any, **kwargs: Any) -> Response:
            if request.method == "HEAD":
                # Its body would be made for nobody, for as long as the caller holds the line.
                raise MethodNotAllowed(headers={"Allow": "GET"})
            frames = await view(*args, **kwargs)
            answer = Response(frames, content_type=EVENT_STREAM)
            answer.timeout = None
            answer.headers["Cache-Control"] = "no-store"
            # Proxies that collect answers would hold events back.
            answer.headers["X-Accel-Buffering"] = "no"
            scope: Any = request.scope
            release_slot(scope)
            request_state(scope).streaming_since = time.perf_counter()
            return answer

        # Before OpenAPI 3.2 the schema of a stream is read as that of its events.
        words = "Events, for as long as the stream is open"
        return extra_responses(ExtraResponse("200", words, {EVENT_STREAM: event}))(written)

    return decorate
