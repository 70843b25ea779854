"""Balances and checks of Entitlements: a failure is a 200, with zeros or as a denial."""

import sqlite3
from typing import Annotated

from pydantic import BaseModel, Field
from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.emulators.control import switches
from devstack.emulators.database import database
from devstack.emulators.entitlements.errors import invalid
from devstack.emulators.entitlements.policy import denial_reason, price


class CheckBody(BaseModel):
    user_id: str
    org_id: str | None = None
    metric: str
    amount: Annotated[int, Field(ge=1)] = 1


routes = Blueprint("balances", __name__, url_prefix="/v1/entitlements")


@routes.get("/balance/<user_id>")
async def show_balance(user_id: str) -> ResponseReturnValue:
    """The same zero for an unknown user, an empty account and a failure."""
    try:
        balance = await read_balance("user", user_id)
    except sqlite3.Error:
        balance = 0
    return jsonify({"user_balance": balance, "org_balance": None, "org_id": None})


@routes.post("/check-credits")
async def check() -> ResponseReturnValue:
    sent = await request.get_json()
    if not sent:
        raise invalid("request_body", "Request body is required")
    body = CheckBody.model_validate(sent)
    calls = {body.metric: body.amount}
    try:
        source, available = await _source(body, price(calls))
    except sqlite3.Error:
        return _decision("system_error", 0, 0, None)
    reason = denial_reason(calls, available)
    if price(calls) == 0 or reason == "rate_limit_exceeded":
        return _decision(reason, price(calls), 0, None)
    return _decision(reason, price(calls), available, None if reason else source)


async def read_balance(subject_type: str, subject_id: str) -> int:
    """0 for an unknown subject.

    Raises:
        sqlite3.Error: The database is lost, or switched off.
    """
    if switches()["store"] == "down":
        raise sqlite3.OperationalError("switched off")
    query = "SELECT balance FROM credit_balances WHERE subject_type = ? AND subject_id = ?"
    found = await database().fetch_one(query, subject_type, subject_id)
    return int(found["balance"]) if found else 0


async def _source(body: CheckBody, required: int) -> tuple[str, int]:
    """The account that pays and its balance: the organisation's when that suffices."""
    if body.org_id:
        balance = await read_balance("org", body.org_id)
        if balance >= required:
            return "org", balance
    return "user", await read_balance("user", body.user_id)


def _decision(
    reason: str | None, required: int, available: int, source: str | None
) -> ResponseReturnValue:
    return jsonify(
        {
            "allowed": reason is None,
            "reason": reason,
            "required_credits": required,
            "available_credits": available,
            "source": source,
        }
    )
