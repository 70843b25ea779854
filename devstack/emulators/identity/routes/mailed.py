"""Verifying an address and setting a password, by mailed token or by knowing the old one."""

from quart import Blueprint, Response, jsonify, request

from devstack.emulators.identity.bodies import (
    PasswordResetBody,
    PasswordResetRequestBody,
    VerifyEmailBody,
)
from devstack.emulators.identity.parts import identity
from devstack.emulators.identity.routes.failures import hide_the_unexpected
from devstack.emulators.identity.routes.inbound import (
    BadBody,
    NotSignedIn,
    bearer,
    caller,
    signed_in,
)

blueprint = Blueprint("mailed", __name__, url_prefix="/v1/auth")
hide_the_unexpected(blueprint)


@blueprint.post("/request-email-verification")
async def request_email_verification() -> Response:
    body = await request.get_json() or {}
    verification = identity().verification
    if bearer():
        user_id, _ = signed_in()
        return jsonify(await verification.request_by_id(user_id, caller()))
    return jsonify(await verification.request_by_email(_email(body.get("email")), caller()))


@blueprint.post("/resend-verification")
async def resend_verification() -> Response:
    email = _email((await request.get_json()).get("email"))
    return jsonify(await identity().verification.request_by_email(email, caller()))


@blueprint.post("/verify-email")
async def verify_email() -> Response:
    body = VerifyEmailBody(**await request.get_json())
    return jsonify(await identity().verification.verify(body.token, caller()))


@blueprint.post("/request-password-reset")
async def request_password_reset() -> Response:
    body = PasswordResetRequestBody(**await request.get_json())
    return jsonify(await identity().password_change.request(body.email, caller()))


@blueprint.post("/reset-password")
async def reset_password() -> Response:
    body = PasswordResetBody(**await request.get_json())
    change = identity().password_change
    return jsonify(await change.reset(body.token, body.new_password, caller()))


@blueprint.post("/change-password")
async def change_password() -> Response:
    if not bearer():
        raise NotSignedIn("A token is required")
    user_id, _ = signed_in()
    body = await request.get_json()
    current, new_password = body.get("current_password"), body.get("new_password")
    if not current or not new_password:
        raise BadBody("Both passwords are required")
    change = identity().password_change
    return jsonify(await change.change(user_id, current, new_password, caller()))


def _email(given: object) -> str:
    """Taken as it is: these routes do not check that it is an address."""
    if not given:
        raise BadBody("An e-mail address is required")
    return str(given)
