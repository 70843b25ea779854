"""Profiles, open to everybody. What is not a refusal here ends in the framework's own page."""

from quart import Blueprint, Response, jsonify, request

from devstack.emulators.identity.bodies import ProfileRequest
from devstack.emulators.identity.parts import identity
from devstack.emulators.identity.routes.inbound import BadBody

blueprint = Blueprint("profiles", __name__, url_prefix="/v1/users")


@blueprint.get("/<user_id>/profile")
async def read_profile(user_id: str) -> Response:
    return jsonify(await identity().profiles.read(user_id))


@blueprint.put("/<user_id>/profile")
async def write_profile(user_id: str) -> Response:
    payload = await request.get_json()
    try:
        # A validation error of pydantic is a ValueError, and goes out in its own words.
        body = ProfileRequest(**payload)
        return jsonify(await identity().profiles.write(user_id, body))
    except ValueError as error:
        raise BadBody(str(error)) from error
