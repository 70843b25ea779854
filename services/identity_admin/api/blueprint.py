"""Blueprint of all routes, for any Quart app with a Dishka container."""

from typing import Any

from dishka import FromDishka
from quart import Blueprint, Response, current_app, g, request

from bff_core.errors import NotAuthorized, PayloadTooLarge
from bff_core.server import (
    ErrorHandlers,
    Guard,
    RequestMiddleware,
    ServiceKeys,
    inject,
    request_state,
)
from services.identity_admin.api import access_routes, decisions_routes, users_routes
from services.identity_admin.ports import Administrators

PREFIX = "/v1/admin"


def admin_blueprint(
    keys: ServiceKeys, guard: Guard, handlers: ErrorHandlers, *, max_body_bytes: int
) -> Blueprint:
    """Build the blueprint; each request needs a service key, a user token and the admin role.

    The answers of the app that it is mounted into (404, 405) stay as they are.
    """

    async def refuse_large_bodies() -> None:
        # The limit of the app itself may be larger; Quart's default is 16 MiB.
        if (request.content_length or 0) > max_body_bytes:
            raise PayloadTooLarge(details={"limit_bytes": max_body_bytes})

    blueprint = Blueprint("identity_admin", __name__, url_prefix=PREFIX)
    handlers.attach(blueprint)
    blueprint.record_once(lambda setup: setup.app.extensions.update({ServiceKeys.REQUIRED: True}))
    blueprint.before_request(keys.check)
    blueprint.before_request(guard.check)
    blueprint.before_request(refuse_large_bodies)
    blueprint.after_request(stamp)
    # `inject` passes the argument, which the type of the view still shows.
    check: Any = require_admin
    blueprint.before_request(check)
    blueprint.register_blueprint(access_routes.blueprint)
    blueprint.register_blueprint(users_routes.blueprint)
    blueprint.register_blueprint(decisions_routes.blueprint)
    return blueprint


async def stamp(response: Response) -> Response:
    """Add the correlation id where the app has no `RequestMiddleware`."""
    if not isinstance(current_app.asgi_app, RequestMiddleware):
        response.headers["X-Correlation-ID"] = request_state(request.scope).correlation_id
    return response


@inject
async def require_admin(administrators: FromDishka[Administrators]) -> None:
    """Look the admin up in the database after the guard: a token may be older than the account's state.

    Role and organisation count as they are there.
    """
    admin = await administrators.find(g.request_context.user_id)
    if admin is None:
        raise NotAuthorized
    g.admin = admin
