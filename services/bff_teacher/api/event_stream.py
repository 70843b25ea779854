"""Responses that stay open: server-sent events."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from quart import Response, request

from bff_core.errors import MethodNotAllowed
from bff_core.server import ExtraResponse, extra_responses, release_slot, request_state

EVENT_STREAM = "text/event-stream"

View = Callable[..., Awaitable[AsyncIterator[bytes]]]


def returns_events(
    event_schema: Mapping[str, Any],
) -> Callable[[View], Callable[..., Awaitable[Response]]]:
    """Stream the frames that the view returns; `event_schema` describes each event.

    An open stream does not count as a request in flight; the view applies its own limits. Errors
    that the view raises are sent as usual, because they come before the first byte.
    """
    # Before OpenAPI 3.2, the schema of an event stream is understood as the schema of its events.
    documented = ExtraResponse(
        "200", "Events, for as long as the stream is open", {EVENT_STREAM: event_schema}
    )

    def decorate(view: View) -> Callable[..., Awaitable[Response]]:
        @extra_responses(documented)
        @wraps(view)
        async def stream(*args: Any, **kwargs: Any) -> Response:
            if request.method == "HEAD":
                # Quart would produce the body without sending it, until the client disconnects.
                raise MethodNotAllowed(headers={"Allow": "GET"})
            response = Response(await view(*args, **kwargs), content_type=EVENT_STREAM)
            response.timeout = None
            response.headers["Cache-Control"] = "no-store"
            # Stops proxies from buffering the events.
            response.headers["X-Accel-Buffering"] = "no"
            scope: Any = request.scope
            release_slot(scope)
            request_state(scope).streaming_since = time.perf_counter()
            return response

        return stream

    return decorate
