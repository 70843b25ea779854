"""Routes of ours in an app that is not: guarded, in our envelope, with a correlation id."""

from quart import Blueprint, Response, current_app, request

from bff_core.errors import PayloadTooLarge
from bff_core.server.errors import ErrorHandlers
from bff_core.server.guard import Guard
from bff_core.server.request_middleware import RequestMiddleware, request_state
from bff_core.server.service_keys import ServiceKeys

_ID = "X-Correlation-ID"


def make_mountable(
    blueprint: Blueprint,
    services: ServiceKeys,
    guard: Guard,
    handlers: ErrorHandlers,
    *,
    max_body_bytes: int,
) -> None:
    """Let `blueprint` stand in any Quart app; what the app itself answers (404, 405) stays its own.

    Hooks that are put on the blueprint afterwards run behind the guard.
    """

    async def refuse_large_bodies() -> None:
        # The app's own limit is another service's business, and Quart's default is 16 MiB.
        if (request.content_length or 0) > max_body_bytes:
            raise PayloadTooLarge(details={"limit_bytes": max_body_bytes})

    handlers.attach(blueprint)
    blueprint.record_once(lambda setup: setup.app.extensions.update({ServiceKeys.ASKED: True}))
    blueprint.before_request(services.check)
    blueprint.before_request(guard.check)
    blueprint.before_request(refuse_large_bodies)
    blueprint.after_request(_stamp)


async def _stamp(response: Response) -> Response:
    """The edge does this for an app of ours."""
    if not isinstance(current_app.asgi_app, RequestMiddleware):
        response.headers[_ID] = request_state(request.scope).correlation_id
    return response
