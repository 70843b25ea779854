"""Registration, e-mail verification and passwords."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel
from quart import Blueprint, Response, g, jsonify, request
from sqlalchemy import Row, Table, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from devstack.emulators.identity.service import (
    Transaction,
    answer_error,
    bearer_token,
    hash_password,
    identity,
    json_texts,
    password_matches,
    refused,
    signed_in,
    to_wire,
)
from devstack.emulators.identity.tables import (
    email_verification_tokens,
    password_reset_tokens,
    user_profiles,
    users,
)
from devstack.emulators.responses import DetailedError, PlainError

USER_REGISTERED = "huleedu.identity.user.registered.v1"
VERIFICATION_REQUESTED = "huleedu.identity.email.verification.requested.v1"
RESET_REQUESTED = "huleedu.identity.password.reset.requested.v1"
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}")
# Top-level domains that no mail reaches; the platform's address check refuses them.
_UNREACHABLE = {"arpa", "invalid", "local", "localhost", "onion", "test"}
log = structlog.get_logger()

routes = Blueprint("accounts", __name__, url_prefix="/v1/auth")
routes.register_error_handler(Exception, answer_error)


def checked_address(value: str) -> str:
    """The address with its domain in lower case.

    Raises:
        ValueError: It is no e-mail address.
    """
    name, _, domain = value.strip().rpartition("@")
    address = f"{name}@{domain.lower()}"
    if not _ADDRESS.fullmatch(address) or domain.lower().rpartition(".")[2] in _UNREACHABLE:
        raise ValueError("not an e-mail address")
    return address


class RegisteredName(BaseModel):
    first_name: str
    last_name: str
    legal_full_name: str | None = None


class RegisterBody(BaseModel):
    """`organization_name` is required and ignored; `org_id` is believed."""

    email: str
    password: str
    person_name: RegisteredName
    organization_name: str
    org_id: str | None = None


@routes.post("/register")
async def register() -> tuple[Response, int]:
    """Register a teacher of the organisation that the body names; any password is accepted."""
    body = RegisterBody(**await request.get_json())
    address, user_id = checked_address(body.email), uuid4()
    async with identity().transaction() as transaction:
        if await transaction.user_by_email(address) is not None:
            message = f"User already exists with email: {address}"
            raise refused("register", "IDENTITY_USER_ALREADY_EXISTS", message, email=address)
    password_hash = await hash_password(body.password)
    async with identity().transaction() as transaction:
        at, account = transaction.now, {"email": address.lower(), "org_id": body.org_id}
        user = {"id": user_id, "roles": ["teacher"], "email_verified": False, "registered_at": at}
        profile = {"user_id": user_id, "created_at": at, "updated_at": at}
        name = body.person_name.model_dump(include={"first_name", "last_name"})
        new_user = insert(users).values(**account, **user, password_hash=password_hash)
        await transaction.execute(new_user)
        await transaction.execute(insert(user_profiles).values(**profile, **name))
        await identity().approval.registered(transaction.connection, user_id, at)
        await transaction.publish(USER_REGISTERED, user_id, **account, registered_at=to_wire(at))
    try:
        async with identity().transaction() as transaction:
            await _send_verification(transaction, user_id, address.lower())
    except SQLAlchemyError as error:
        # The platform counts the registration as done all the same.
        log.warning("verification_not_requested", error=type(error).__name__)
    answer = {"user_id": str(user_id), **account, "email_verification_required": True}
    return jsonify(answer), 201


@routes.post("/request-email-verification")
async def request_email_verification() -> Response:
    """Request a verification mail for the signed-in user, or without a token by e-mail."""
    body = await request.get_json() or {}
    if not bearer_token():
        return await _request_verification_of(body.get("email"))
    operation = "request_email_verification"
    return await _request_verification(await _signed_in_user(operation), operation)


@routes.post("/resend-verification")
async def resend_verification() -> Response:
    return await _request_verification_of((await request.get_json()).get("email"))


async def _request_verification_of(email: object) -> Response:
    """Request a verification mail by e-mail, which these routes do not check for its form."""
    if not email:
        raise PlainError("An e-mail address is required")
    operation = "request_email_verification_by_email"
    async with identity().transaction() as transaction:
        user = await transaction.user_by_email(str(email))
    if user is None:
        message, details = f"No user {email}", {"identifier": str(email)}
        raise refused(operation, "IDENTITY_USER_NOT_FOUND", message, **details)
    return await _request_verification(user, operation)


async def _request_verification(user: Row[Any], operation: str) -> Response:
    if user.email_verified:
        raise _already_verified(user.email, operation)
    async with identity().transaction() as transaction:
        await _send_verification(transaction, user.id, user.email)
    message = "Verification mail requested"
    return jsonify({"message": message, "correlation_id": g.correlation_id})


async def _send_verification(transaction: Transaction, user_id: UUID, email: str) -> None:
    expires_at = transaction.now + timedelta(hours=24)
    _, token = await _issue(transaction, email_verification_tokens, user_id, expires_at)
    sent = {"email": email, "verification_token": token, "expires_at": to_wire(expires_at)}
    await transaction.publish(VERIFICATION_REQUESTED, user_id, **sent)


@routes.post("/verify-email")
async def verify_email() -> Response:
    operation = "verify_email"
    (token,) = await json_texts("token")
    async with identity().transaction() as transaction:
        found = await _find(transaction, email_verification_tokens, token, operation)
        user = await transaction.user(found.user_id)
        if user is None:
            raise _invalid_token(operation)
        if user.email_verified:
            raise _already_verified(user.email, operation)
        await _mark_used(transaction, email_verification_tokens, token)
        await transaction.update_user(user.id, email_verified=True)
    return jsonify({"message": "E-mail address verified"})


@routes.post("/request-password-reset")
async def request_password_reset() -> Response:
    """Request a reset mail; the answer is the same for an unknown address."""
    (given,) = await json_texts("email")
    email = checked_address(given)
    async with identity().transaction() as transaction:
        user = await transaction.user_by_email(email)
        if user is not None:
            expires_at = transaction.now + timedelta(hours=1)
            token_id, _ = await _issue(transaction, password_reset_tokens, user.id, expires_at)
            # The mail carries the row's id and the reset looks for the token: no mailed link works.
            sent = {"token_id": str(token_id), "expires_at": to_wire(expires_at)}
            await transaction.publish(RESET_REQUESTED, user.id, email=user.email, **sent)
    message = "A mail is on its way if the address is known"
    return jsonify({"message": message, "correlation_id": g.correlation_id})


@routes.post("/reset-password")
async def reset_password() -> Response:
    token, new_password = await json_texts("token", "new_password")
    async with identity().transaction() as transaction:
        found = await _find(transaction, password_reset_tokens, token, "reset_password")
    password_hash = await hash_password(new_password)
    async with identity().transaction() as transaction:
        await transaction.update_user(found.user_id, password_hash=password_hash)
        await _mark_used(transaction, password_reset_tokens, token)
    return jsonify({"message": "Password reset"})


@routes.post("/change-password")
async def change_password() -> Response:
    if not bearer_token():
        raise PlainError("A token is required", 401)
    signed_in()
    body = await request.get_json()
    current, new_password = body.get("current_password"), body.get("new_password")
    if not current or not new_password:
        raise PlainError("Both passwords are required")
    user = await _signed_in_user("change_password")
    if not await password_matches(user.password_hash, current):
        # The platform calls a wrong password an invalid verification token.
        raise _invalid_token("change_password")
    password_hash = await hash_password(new_password)
    async with identity().transaction() as transaction:
        await transaction.update_user(user.id, password_hash=password_hash)
    return jsonify({"message": "Password changed"})


async def _issue(
    transaction: Transaction, table: Table, user_id: UUID, expires_at: datetime
) -> tuple[UUID, str]:
    """Id and text of a new token; the user's older ones are marked as used."""
    token_id, token, now = uuid4(), str(uuid4()), transaction.now
    older = update(table).where(table.c.user_id == user_id, table.c.used_at.is_(None))
    times = {"created_at": now, "expires_at": expires_at}
    row = insert(table).values(id=token_id, user_id=user_id, token=token, **times)
    await transaction.execute(older.values(used_at=now))
    await transaction.execute(row)
    return token_id, token


async def _find(transaction: Transaction, table: Table, token: str, operation: str) -> Row[Any]:
    """The row of a mailed token that is neither used nor too old."""
    found = (await transaction.execute(select(table).where(table.c.token == token))).first()
    if found is None or found.used_at is not None:
        raise _invalid_token(operation)
    if transaction.now > found.expires_at:
        message = "The mailed token is too old"
        raise refused(operation, "IDENTITY_VERIFICATION_TOKEN_EXPIRED", message)
    return found


async def _mark_used(transaction: Transaction, table: Table, token: str) -> None:
    marked = update(table).where(table.c.token == token).values(used_at=transaction.now)
    await transaction.execute(marked)


async def _signed_in_user(operation: str) -> Row[Any]:
    user_id, _ = signed_in()
    async with identity().transaction() as transaction:
        user = await transaction.user(user_id)
    if user is None:
        raise _invalid_token(operation)
    return user


def _invalid_token(operation: str) -> DetailedError:
    message = "The mailed token is not valid"
    return refused(operation, "IDENTITY_VERIFICATION_TOKEN_INVALID", message)


def _already_verified(email: str, operation: str) -> DetailedError:
    message = f"Email already verified: {email}"
    return refused(operation, "IDENTITY_EMAIL_ALREADY_VERIFIED", message, email=email)
