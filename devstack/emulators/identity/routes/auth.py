"""Registering, signing in, staying in, leaving, and what a token is worth."""

from quart import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from devstack.emulators.identity.bodies import (
    IntrospectBody,
    LoginBody,
    RefreshBody,
    RegisterBody,
    RevokeBody,
)
from devstack.emulators.identity.parts import identity
from devstack.emulators.identity.routes.failures import hide_the_unexpected
from devstack.emulators.identity.routes.inbound import bearer, caller

blueprint = Blueprint("auth", __name__, url_prefix="/v1/auth")
hide_the_unexpected(blueprint)


@blueprint.post("/register")
async def register() -> tuple[Response, int]:
    body = RegisterBody(**await request.get_json())
    return jsonify(await identity().registration.register(body, caller())), 201


@blueprint.post("/login")
async def login() -> Response:
    body = LoginBody(**await request.get_json())
    return jsonify(await identity().sign_in.login(body.email, body.password, caller()))


@blueprint.post("/refresh")
async def refresh() -> Response:
    body = RefreshBody(**await request.get_json())
    return jsonify(await identity().sign_in.refresh(body.refresh_token))


@blueprint.post("/logout")
async def logout() -> Response:
    return jsonify(await identity().sign_in.logout(bearer() or await _token_in_body()))


@blueprint.post("/introspect")
async def introspect() -> Response:
    body = IntrospectBody(**await request.get_json())
    return jsonify(await identity().token_desk.introspect(body.token))


@blueprint.post("/revoke")
async def revoke() -> Response:
    body = RevokeBody(**await request.get_json())
    return jsonify(await identity().token_desk.revoke(body.token, caller()))


async def _token_in_body() -> str | None:
    """None for anything but an object with a text in it: a body is optional here."""
    try:
        body = await request.get_json()
    except BadRequest:
        return None
    token = body.get("refresh_token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else None
