"""Makes a blueprint mountable into an app of somebody else: guarded, with envelope and correlation id."""

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
    """Prepare `blueprint` for any Quart app; the app's own answers (404, 405) stay as they are.

    Hooks that are added to the blueprint afterwards run behind the guard.
    """

    async def refuse_large_bodies() -> None:
        # The limit of the app itself may be larger; Quart's default is 16 MiB.
        if (request.content_length or 0) > max_body_bytes:
            raise PayloadTooLarge(details={"limit_bytes": max_body_bytes})

    handlers.attach(blueprint)
    blueprint.record_once(lambda setup: setup.app.extensions.update({ServiceKeys.REQUIRED: True}))
    blueprint.before_request(services.check)
    blueprint.before_request(guard.check)
    blueprint.before_request(refuse_large_bodies)
    blueprint.after_request(_stamp)


async def _stamp(response: Response) -> Response:
    """Add the correlation id where the app has no `RequestMiddleware`."""
    if not isinstance(current_app.asgi_app, RequestMiddleware):
        response.headers[_ID] = request_state(request.scope).correlation_id
    return response
