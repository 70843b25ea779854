"""Credits: balances, checks and adjustments as Entitlements answers, without any access check."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, Field, ValidationError
from quart import Blueprint, Quart, abort, g, jsonify, request
from quart.typing import ResponseReturnValue

from devstack.effects.credits import balance_of, denial_reason, price
from devstack.emulators.control import switches
from devstack.emulators.database import Row, database, insert_row, require_postgres_values
from devstack.emulators.responses import EnvelopeError
from devstack.emulators.server import VERSION, EmulatorSettings, new_app, run, with_controls
from devstack.events import add, moment_of
from devstack.events.accounts import balance_changed

SERVICE = "entitlements_service"
MAX_OPERATIONS = 1000
MANUAL = "manual_adjustment"

routes = Blueprint("balances", __name__)
# Open to every caller; in production they are not mounted.
admin_routes = Blueprint("admin", __name__, url_prefix="/v1/admin/credits")


class CheckBody(BaseModel):
    user_id: str
    org_id: str | None = None
    metric: str
    amount: Annotated[int, Field(ge=1)] = 1


class Subject(BaseModel):
    subject_type: Literal["user", "org"]
    subject_id: str


class AdjustBody(Subject):
    """`reason` must be there and is kept nowhere."""

    amount: int
    reason: str


class SetBody(Subject):
    balance: Annotated[int, Field(ge=0)]


def create_app(settings: EmulatorSettings) -> Quart:
    """Switches: `admin_routes` are mounted outside production only; `store` down fails every read."""
    choices = {"admin_routes": ("mounted", "absent"), "store": ("up", "down")}
    admin = settings.entitlements_admin
    app = new_app("entitlements", settings.database, choices, admin_routes=admin)
    app.register_blueprint(routes)
    app.register_blueprint(admin_routes)
    app.register_error_handler(ValidationError, _answer_invalid_fields)
    # A path that does not exist, a wrong method and bad JSON come here, too.
    app.register_error_handler(Exception, _answer_internal_error)
    return with_controls(app)


@routes.get("/healthz")
async def healthz() -> ResponseReturnValue:
    up = switches()["store"] == "up" and await database().is_available()
    status = "healthy" if up else "unhealthy"
    body = {
        "service": SERVICE,
        "status": status,
        "message": f"Entitlements Service is {status}",
        "version": VERSION,
        "checks": {
            "database": {"status": status, "message": f"Database connection {status}"},
            "kafka_consumer": {"status": "healthy", "message": "Kafka consumer running"},
            "service_responsive": True,
            "dependencies_available": up,
        },
        "environment": "development",
    }
    return jsonify(body), 200 if up else 503


@routes.get("/v1/entitlements/balance/<user_id>")
async def show_balance(user_id: str) -> ResponseReturnValue:
    """The same zero for an unknown user, an empty account and a failure."""
    try:
        balance = await _balance("user", user_id)
    except sqlite3.Error:
        balance = 0
    return jsonify({"user_balance": balance, "org_balance": None, "org_id": None})


@routes.post("/v1/entitlements/check-credits")
async def check() -> ResponseReturnValue:
    """A failure is a 200 with a denial."""
    body = CheckBody.model_validate(await _body())
    calls = {body.metric: body.amount}
    required = price(calls)
    source, available = "user", 0
    reason: str | None
    try:
        if body.org_id:
            available = await _balance("org", body.org_id)
        # The organisation's account pays when it suffices.
        if body.org_id and available >= required:
            source = "org"
        else:
            available = await _balance("user", body.user_id)
        reason = denial_reason(calls, available)
    except sqlite3.Error:
        required, reason = 0, "system_error"
    is_weighed = required > 0 and reason != "rate_limit_exceeded"
    decision = {
        "allowed": reason is None,
        "reason": reason,
        "required_credits": required,
        "available_credits": available if is_weighed else 0,
        "source": source if is_weighed and reason is None else None,
    }
    return jsonify(decision)


async def _balance(subject_type: str, subject_id: str) -> int:
    """0 for an unknown subject.

    Raises:
        sqlite3.Error: The database is lost, or switched off.
    """
    _require_store()
    return await database().run(lambda connection: balance_of(connection, subject_id, subject_type))


def _require_store() -> None:
    if switches()["store"] == "down":
        raise sqlite3.OperationalError("switched off")


@admin_routes.before_request
async def require_mounted() -> None:
    if switches()["admin_routes"] == "absent":
        abort(404)


@admin_routes.post("/adjust")
async def adjust() -> ResponseReturnValue:
    try:
        body = AdjustBody.model_validate(await _body())
        balance = await _book(body, lambda balance: balance + body.amount)
    except ValidationError as error:
        raise _invalid("amount", str(error)) from error
    except sqlite3.Error as error:
        raise _failed("Failed to adjust credit balance") from error
    return _done(body, new_balance=balance)


@admin_routes.post("/set")
async def set_balance() -> ResponseReturnValue:
    try:
        body = SetBody.model_validate(await _body())
        await _book(body, lambda _: body.balance)
    except (ValidationError, sqlite3.Error) as error:
        raise _failed("Unhandled error while setting credits") from error
    return _done(body, balance=body.balance)


@admin_routes.get("/operations")
async def list_operations() -> ResponseReturnValue:
    """Newest first; there is no second page."""
    filters = [request.args.get(key) for key in ("subject_type", "subject_id", "correlation_id")]
    try:
        limit = int(request.args.get("limit", "100"))
        if not 1 <= limit <= MAX_OPERATIONS:
            raise _invalid("limit", f"Limit must be between 1 and {MAX_OPERATIONS}")
        rows = await database().fetch_all(
            "SELECT * FROM credit_operations WHERE subject_type = coalesce(?, subject_type)"
            " AND subject_id = coalesce(?, subject_id)"
            " AND correlation_id = coalesce(?, correlation_id) ORDER BY rowid DESC LIMIT ?",
            *filters,
            limit,
        )
    except (ValueError, sqlite3.Error) as error:
        raise _failed("Failed to get operations history") from error
    body = {"operations": rows, "count": len(rows), "correlation_id": _correlation_id()}
    return jsonify(body)


async def _body() -> Row:
    sent: Row | None = await request.get_json()
    if not sent:
        raise _invalid("request_body", "Request body is required")
    return sent


async def _book(subject: Subject, changed: Callable[[int], int]) -> int:
    """The new balance; every change is an operation, kept without its sign."""
    kind, subject_id, correlation_id = subject.subject_type, subject.subject_id, _correlation_id()
    _require_store()

    def write(connection: sqlite3.Connection) -> int:
        # Two changes at once are two: none reads the balance before the other has written it.
        connection.execute("BEGIN IMMEDIATE")
        before = balance_of(connection, subject_id, kind)
        balance = changed(before)
        amount = balance - before
        if balance < 0:
            raise _invalid("amount", f"Insufficient balance: {before} < {-amount}")
        require_postgres_values((subject_id, balance))
        if amount:
            row = (kind, subject_id, balance)
            connection.execute("REPLACE INTO credit_balances VALUES (?, ?, ?)", row)
            insert_row(connection, "credit_operations", _operation(subject, amount, correlation_id))
            when = moment_of(correlation_id)
            add(connection, balance_changed(kind, subject_id, amount, balance, when))
        return balance

    return await database().run(write)


def _operation(subject: Subject, amount: int, correlation_id: str) -> Row:
    return {
        "id": str(uuid4()),
        "subject_type": subject.subject_type,
        "subject_id": subject.subject_id,
        "metric": MANUAL,
        "amount": abs(amount),
        "consumed_from": subject.subject_type,
        "correlation_id": correlation_id,
        "operation_status": "completed",
        "created_at": datetime.now(UTC).isoformat(),
    }


def _done(subject: Subject, **balance: int) -> ResponseReturnValue:
    ids = {"subject_type": subject.subject_type, "subject_id": subject.subject_id}
    return jsonify({"success": True, **balance, **ids, "correlation_id": _correlation_id()})


def _correlation_id() -> str:
    """The caller's own, whatever it is; without one, a new one for the whole request."""
    sent = request.headers.get("X-Correlation-ID")
    found: str = sent or g.setdefault("correlation_id", str(uuid4()))
    return found


def _invalid(field: str, message: str) -> EnvelopeError:
    return EnvelopeError(SERVICE, "VALIDATION_ERROR", message, 400, field=field)


def _failed(message: str) -> EnvelopeError:
    return EnvelopeError(SERVICE, "PROCESSING_ERROR", message, 500)


async def _answer_invalid_fields(error: ValidationError) -> ResponseReturnValue:
    body = {
        "error": "validation_error",
        "message": "Invalid request data",
        "details": error.errors(),
        "service": SERVICE,
    }
    return jsonify(body), 400


async def _answer_internal_error(_error: Exception) -> ResponseReturnValue:
    body = {
        "error": "Internal server error",
        "message": "An unexpected error occurred",
        "service": SERVICE,
    }
    return jsonify(body), 500


if __name__ == "__main__":
    run(create_app(EmulatorSettings.from_env()), "ENTITLEMENTS_HOST", "ENTITLEMENTS_PORT", 8083)
