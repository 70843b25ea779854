"""Blueprint of all routes, for any Quart app with a Dishka container."""

from typing import Any

from dishka import FromDishka
from quart import Blueprint, g

from bff_core.errors import NotAuthorized
from bff_core.server import ErrorHandlers, Guard, ServiceKeys, inject, make_mountable
from services.identity_admin.api import access_routes, decisions_routes, users_routes
from services.identity_admin.ports import Administrators

PREFIX = "/v1/admin"


def admin_blueprint(
    keys: ServiceKeys, guard: Guard, handlers: ErrorHandlers, *, max_body_bytes: int
) -> Blueprint:
    """Build the blueprint; each request needs a service key, a user token and the admin role."""
    blueprint = Blueprint("identity_admin", __name__, url_prefix=PREFIX)
    make_mountable(blueprint, keys, guard, handlers, max_body_bytes=max_body_bytes)
    # `inject` passes the argument, which the type of the view still shows.
    check: Any = require_admin
    blueprint.before_request(check)
    blueprint.register_blueprint(access_routes.blueprint)
    blueprint.register_blueprint(users_routes.blueprint)
    blueprint.register_blueprint(decisions_routes.blueprint)
    return blueprint


@inject
async def require_admin(administrators: FromDishka[Administrators]) -> None:
    """Look the admin up in the database after the guard: a token may be older than the account's state.

    Role and organisation count as they are there.
    """
    admin = await administrators.find(g.request_context.user_id)
    if admin is None:
        raise NotAuthorized
    g.admin = admin
