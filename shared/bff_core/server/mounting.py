"""Makes a blueprint mountable into an app of somebody else, with a guard of its own or behind its."""

import structlog
from quart import Blueprint, Response, current_app, jsonify, request
from quart.blueprints import BlueprintSetupState
from quart.typing import ResponseReturnValue

from bff_core.errors import PayloadTooLarge
from bff_core.server.errors import ErrorHandlers
from bff_core.server.guard import Guard
from bff_core.server.request_middleware import RequestMiddleware, request_state
from bff_core.server.service_keys import ServiceKeys

_ID = "X-Correlation-ID"

log = structlog.get_logger()


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


class UnguardedMountError(RuntimeError):
    """The blueprint was registered where no hook checks the caller; the app does not start."""


def make_nestable(blueprint: Blueprint) -> None:
    """Prepare `blueprint` for a blueprint of the platform that checks the internal key.

    That one's hooks authenticate the caller. Failures get the platform's own 500.
    """
    blueprint.record(_require_guarded_parent)
    blueprint.register_error_handler(Exception, _internal_error)


def _require_guarded_parent(setup: BlueprintSetupState) -> None:
    # An app-wide hook is no guard: the platform's apps have them for tracing.
    if not setup.app.before_request_funcs.get(setup.name_prefix):
        raise UnguardedMountError(f"{setup.blueprint.name} needs a parent that checks the caller")


async def _internal_error(error: Exception) -> ResponseReturnValue:
    # The text of a database error holds the values of its statement.
    log.warning("mounted_route_failed", route=request.endpoint, error=type(error).__name__)
    return jsonify({"error": "Internal server error"}), 500
