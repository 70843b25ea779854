"""The devstack's stand-in for mail: what would have been sent, so that people can verify."""

from quart import Blueprint, Response, jsonify
from sqlalchemy import select

from devstack.emulators.identity.outbox import RESET_REQUESTED, VERIFICATION_REQUESTED
from devstack.emulators.identity.parts import identity
from devstack.emulators.identity.tables import event_outbox

blueprint = Blueprint("mailbox", __name__, url_prefix="/_devstack")

_TEMPLATES = {VERIFICATION_REQUESTED: "verification", RESET_REQUESTED: "password_reset"}
_NEWEST = 100


@blueprint.get("/mail")
async def mail() -> Response:
    """Newest first; a reset mail holds an id that no reset accepts, as on the platform."""
    columns = event_outbox.c
    wanted = select(columns.topic, columns.event_data).where(columns.topic.in_(_TEMPLATES))
    newest = wanted.order_by(columns.created_at.desc()).limit(_NEWEST)
    async with identity().engine.connect() as connection:
        rows = (await connection.execute(newest)).all()
    return jsonify({"mail": [_letter(topic, event["data"]) for topic, event in rows]})


def _letter(topic: str, data: dict[str, str]) -> dict[str, str | None]:
    token = data.get("verification_token") or data.get("token_id")
    return {"to": data["email"], "template": _TEMPLATES[topic], "token": token}
