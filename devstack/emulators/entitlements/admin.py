"""Entitlements' admin routes, open to every caller; in production they are not mounted."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError
from quart import Blueprint, abort, g, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.emulators.control import switches
from devstack.emulators.database import Row, database, require_postgres_values
from devstack.emulators.entitlements.balances import read_balance
from devstack.emulators.entitlements.errors import EntitlementsError, invalid
from devstack.events import add, moment_of
from devstack.events.accounts import balance_changed

MAX_OPERATIONS = 1000
MANUAL = "manual_adjustment"


class Subject(BaseModel):
    subject_type: Literal["user", "org"]
    subject_id: str

    @property
    def key(self) -> tuple[str, str]:
        return self.subject_type, self.subject_id


class AdjustBody(Subject):
    """`reason` must be there and is kept nowhere."""

    amount: int
    reason: str


class SetBody(Subject):
    balance: Annotated[int, Field(ge=0)]


routes = Blueprint("admin", __name__, url_prefix="/v1/admin/credits")


@routes.before_request
async def require_mounted() -> None:
    if switches()["admin_routes"] == "absent":
        abort(404)


@routes.post("/adjust")
async def adjust() -> ResponseReturnValue:
    try:
        body = AdjustBody.model_validate(await _body())
        balance = await _add(body, body.amount)
    except ValidationError as error:
        raise invalid("amount", str(error)) from error
    except sqlite3.Error as error:
        raise EntitlementsError("PROCESSING_ERROR", "Failed to adjust credit balance") from error
    return _done(body, new_balance=balance)


@routes.post("/set")
async def set_balance() -> ResponseReturnValue:
    try:
        body = SetBody.model_validate(await _body())
        missing = body.balance - await read_balance(*body.key)
        if missing:
            await _add(body, missing)
    except (ValidationError, sqlite3.Error) as error:
        message = "Unhandled error while setting credits"
        raise EntitlementsError("PROCESSING_ERROR", message) from error
    return _done(body, balance=body.balance)


@routes.get("/operations")
async def list_operations() -> ResponseReturnValue:
    """Newest first; there is no second page."""
    filters = [request.args.get(key) for key in ("subject_type", "subject_id", "correlation_id")]
    try:
        limit = int(request.args.get("limit", "100"))
        if not 1 <= limit <= MAX_OPERATIONS:
            raise invalid("limit", f"Limit must be between 1 and {MAX_OPERATIONS}")
        rows = await database().fetch_all(
            "SELECT * FROM credit_operations WHERE subject_type = coalesce(?, subject_type)"
            " AND subject_id = coalesce(?, subject_id)"
            " AND correlation_id = coalesce(?, correlation_id) ORDER BY rowid DESC LIMIT ?",
            *filters,
            limit,
        )
    except (ValueError, sqlite3.Error) as error:
        message = "Failed to get operations history"
        raise EntitlementsError("PROCESSING_ERROR", message) from error
    body = {"operations": rows, "count": len(rows), "correlation_id": _correlation_id()}
    return jsonify(body)


async def _body() -> Row:
    sent: Row | None = await request.get_json()
    if not sent:
        raise invalid("request_body", "Request body is required")
    return sent


async def _add(subject: Subject, amount: int) -> int:
    """The new balance; every change is an operation, kept without its sign."""
    balance = await read_balance(*subject.key) + amount
    if balance < 0:
        raise invalid("amount", f"Insufficient balance: {balance - amount} < {-amount}")
    require_postgres_values((subject.subject_id, balance))
    await database().run(partial(_write, subject, balance, amount, _correlation_id()))
    return balance


def _write(
    subject: Subject,
    balance: int,
    change: int,
    correlation_id: str,
    connection: sqlite3.Connection,
) -> None:
    connection.execute("REPLACE INTO credit_balances VALUES (?, ?, ?)", (*subject.key, balance))
    operation = {
        "id": str(uuid4()),
        "subject_type": subject.subject_type,
        "subject_id": subject.subject_id,
        "metric": MANUAL,
        "amount": abs(change),
        "batch_id": None,
        "consumed_from": subject.subject_type,
        "correlation_id": correlation_id,
        "operation_status": "completed",
        "created_at": datetime.now(UTC).isoformat(),
    }
    names = ", ".join(operation)
    marks = ", ".join(f":{name}" for name in operation)
    insert = f"INSERT INTO credit_operations ({names}) VALUES ({marks})"  # noqa: S608 - fixed names
    connection.execute(insert, operation)
    when = moment_of(correlation_id)
    add(connection, balance_changed(*subject.key, change, balance, when))


def _done(subject: Subject, **balance: int) -> ResponseReturnValue:
    ids = {"subject_type": subject.subject_type, "subject_id": subject.subject_id}
    return jsonify({"success": True, **balance, **ids, "correlation_id": _correlation_id()})


def _correlation_id() -> str:
    """The caller's own, whatever it is; without one, a new one for the whole request."""
    sent = request.headers.get("X-Correlation-ID")
    found: str = sent or g.setdefault("correlation_id", str(uuid4()))
    return found
