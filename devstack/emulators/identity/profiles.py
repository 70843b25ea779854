"""Profiles, which any caller may read and write: the platform requires no token here."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from quart import Blueprint, Response, jsonify, request
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from devstack.emulators.identity.service import Transaction, identity, refused
from devstack.emulators.identity.tables import user_profiles
from devstack.emulators.responses import DetailedError, PlainError

# Any other error ends in the framework's own page.
routes = Blueprint("profiles", __name__, url_prefix="/v1/users")


class ProfileRequest(BaseModel):
    """Named as on the platform: its validation errors go out as text."""

    first_name: str
    last_name: str
    display_name: str | None = None
    locale: str | None = None


@routes.get("/<user_id>/profile")
async def read_profile(user_id: str) -> Response:
    operation = "get_user_profile"
    identifier = _uuid(user_id, operation)
    async with identity().transaction() as transaction:
        profile = await _profile(transaction, identifier)
    if profile is None:
        raise _not_found(user_id, operation)
    return _response(profile)


@routes.put("/<user_id>/profile")
async def write_profile(user_id: str) -> Response:
    """Replace the whole profile."""
    operation = "update_user_profile"
    payload = await request.get_json()
    try:
        body = ProfileRequest(**payload)
    except ValueError as error:
        raise PlainError(str(error)) from error
    for name in ("first_name", "last_name"):
        if not getattr(body, name).strip():
            raise PlainError(f"{name} is required")
    values = {name: value and value.strip() for name, value in body.model_dump().items()}
    identifier = _uuid(user_id, operation)
    is_owner = user_profiles.c.user_id == identifier
    try:
        async with identity().transaction() as transaction:
            changed = (
                update(user_profiles).where(is_owner).values(**values, updated_at=transaction.now)
            )
            if not (await transaction.execute(changed)).rowcount:
                row = insert(user_profiles).values(user_id=identifier, **values)
                await transaction.execute(row)
            profile = await _profile(transaction, identifier)
    except IntegrityError as error:
        raise _not_found(user_id, operation) from error
    return _response(profile)


async def _profile(transaction: Transaction, user_id: UUID) -> Row[Any] | None:
    query = select(user_profiles).where(user_profiles.c.user_id == user_id)
    return (await transaction.execute(query)).first()


def _response(profile: Any) -> Response:
    first, last = profile.first_name or "", profile.last_name or ""
    name = {"first_name": first, "last_name": last, "legal_full_name": f"{first} {last}".strip()}
    shown = {"display_name": profile.display_name or None, "locale": profile.locale or None}
    return jsonify({"person_name": name, **shown})


def _uuid(user_id: str, operation: str) -> UUID:
    try:
        return UUID(user_id)
    except ValueError as error:
        message = "Invalid user_id format"
        raise refused(operation, "VALIDATION_ERROR", message, field="user_id") from error


def _not_found(user_id: str, operation: str) -> DetailedError:
    details = {"resource_type": "UserProfile", "resource_id": user_id}
    message = f"UserProfile with ID '{user_id}' not found"
    return refused(operation, "RESOURCE_NOT_FOUND", message, **details)
