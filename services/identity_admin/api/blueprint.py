"""All routes as one blueprint that stands in any Quart app with a Dishka container."""

from typing import Any

from dishka import FromDishka
from quart import Blueprint, g

from bff_core.errors import NotAuthorized
from bff_core.server import ErrorHandlers, Guard, ServiceKeys, inject, make_mountable
from services.identity_admin.api import decisions_routes, users_routes
from services.identity_admin.protocols import Administrators

PREFIX = "/v1/admin"


def admin_blueprint(
    services: ServiceKeys, guard: Guard, handlers: ErrorHandlers, *, max_body_bytes: int
) -> Blueprint:
    """Behind three locks: the calling service's key, the user's token, the role in our table."""
    blueprint = Blueprint("identity_admin", __name__, url_prefix=PREFIX)
    make_mountable(blueprint, services, guard, handlers, max_body_bytes=max_body_bytes)
    # `inject` hands in the argument, which its signature does not say.
    check: Any = require_admin
    blueprint.before_request(check)
    blueprint.register_blueprint(users_routes.blueprint)
    blueprint.register_blueprint(decisions_routes.blueprint)
    return blueprint


@inject
async def require_admin(administrators: FromDishka[Administrators]) -> None:
    """Runs behind the guard: a token says what was true when it was made."""
    if not await administrators.includes(g.request_context.user_id):
        raise NotAuthorized
