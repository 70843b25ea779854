"""A person's own sessions."""

from quart import Blueprint, Response, jsonify, request

from devstack.emulators.identity.parts import identity
from devstack.emulators.identity.routes.failures import hide_the_unexpected
from devstack.emulators.identity.routes.inbound import caller, signed_in

blueprint = Blueprint("sessions", __name__, url_prefix="/v1/auth/sessions")
hide_the_unexpected(blueprint)


@blueprint.get("")
async def list_sessions() -> Response:
    user_id, _ = signed_in()
    return jsonify(await identity().session_desk.listed(user_id))


@blueprint.get("/active")
async def count_sessions() -> Response:
    user_id, _ = signed_in()
    return jsonify(await identity().session_desk.count(user_id))


@blueprint.delete("/<jti>")
async def revoke_session(jti: str) -> Response:
    user_id, _ = signed_in()
    return jsonify(await identity().session_desk.revoke(user_id, jti, caller()))


@blueprint.delete("")
async def revoke_sessions() -> Response:
    user_id, current = signed_in()
    body = await request.get_json() if request.is_json else {}
    keep = current if body.get("exclude_current", True) else None
    return jsonify(await identity().session_desk.revoke_all(user_id, caller(), keep=keep))
