"""Accounts made by invitation, over Identity's database."""

import base64
import secrets
from dataclasses import replace

from sqlalchemy import TableClause, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.approval import AddressTaken, KeyReused
from services.identity_admin.implementations.approval_repository import (
    insert_audit_row,
    insert_history,
)
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.outbox_events import PAST_TENSES, invitation_rows
from services.identity_admin.implementations.tables import (
    event_outbox,
    password_reset_tokens,
    user_approvals,
    user_invitations,
    user_profiles,
    users,
)
from services.identity_admin.models import (
    INVITED_VERSION,
    ApprovalStatus,
    DecisionAction,
    Invitation,
)

_ROLES = ["teacher"]
_ARGON2ID = "$argon2id$v=19$m=65536,t=3,p=4"


class SqlInvitations:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, invitation: Invitation, deadline: Deadline) -> tuple[Invitation, bool]:
        async with transaction(self._engine, deadline.left()) as connection:
            if not await _claim_key(connection, invitation):
                return await _earlier(connection, invitation), True
            await _insert_account(connection, invitation)
            await _insert_approval(connection, invitation)
            await _insert_token(connection, invitation)
            await _audit(connection, invitation)
            for row in invitation_rows(invitation):
                await connection.execute(insert(event_outbox).values(row))
        return invitation, False


async def _insert_unless_taken(
    connection: AsyncConnection, table: TableClause, row: dict[str, object]
) -> bool:
    """Insert a row; False when another has one of its unique values.

    Waits for a transaction that is inserting such a row.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(table).values(row).on_conflict_do_nothing()
    return (await connection.execute(added)).rowcount == 1


async def _claim_key(connection: AsyncConnection, invitation: Invitation) -> bool:
    row: dict[str, object] = {
        "user_id": invitation.user_id,
        "actor_id": invitation.actor,
        "key": invitation.key,
        "fingerprint": invitation.fingerprint,
        "invited_at": invitation.invited_at,
        "expires_at": invitation.expires_at,
    }
    return await _insert_unless_taken(connection, user_invitations, row)


async def _earlier(connection: AsyncConnection, repeated: Invitation) -> Invitation:
    """The invitation that the same request made before."""
    columns = user_invitations.c
    query = select(columns.user_id, columns.fingerprint, columns.invited_at, columns.expires_at)
    same_key = (columns.actor_id == repeated.actor, columns.key == repeated.key)
    row = (await connection.execute(query.where(*same_key))).one()
    if row.fingerprint != repeated.fingerprint:
        raise KeyReused
    return replace(
        repeated, user_id=row.user_id, invited_at=row.invited_at, expires_at=row.expires_at
    )


async def _insert_account(connection: AsyncConnection, invitation: Invitation) -> None:
    user: dict[str, object] = {
        "id": invitation.user_id,
        "email": invitation.email,
        "org_id": invitation.org_id,
        "password_hash": _hash_of_no_password(),
        "roles": _ROLES,
        # Only the person with this mailbox gets the link that sets a password.
        "email_verified": True,
        "registered_at": invitation.invited_at,
        "failed_login_attempts": 0,
    }
    if not await _insert_unless_taken(connection, users, user):
        raise AddressTaken
    profile = {
        "user_id": invitation.user_id,
        "first_name": invitation.first_name,
        "last_name": invitation.last_name,
        "created_at": invitation.invited_at,
        "updated_at": invitation.invited_at,
    }
    await connection.execute(insert(user_profiles).values(profile))


def _hash_of_no_password() -> str:
    """An Argon2id hash of random bytes in place of a digest: no password has it."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32)
    )
    return f"{_ARGON2ID}${salt}${digest}"


async def _insert_approval(connection: AsyncConnection, invitation: Invitation) -> None:
    """Insert the state and the history: registered and approved at once."""
    state = {
        "user_id": invitation.user_id,
        "status": ApprovalStatus.APPROVED.value,
        "version": INVITED_VERSION,
        "requested_at": invitation.invited_at,
        "decided_at": invitation.invited_at,
        "decided_by": invitation.actor,
        "reason": invitation.note,
    }
    await connection.execute(insert(user_approvals).values(state))
    await insert_history(connection, invitation.transition)


async def _insert_token(connection: AsyncConnection, invitation: Invitation) -> None:
    """Insert the token whose mail Identity sends.

    That mail holds the row's id, while the reset looks for the token: here they are the same.
    """
    row = {
        "id": invitation.token,
        "user_id": invitation.user_id,
        "token": str(invitation.token),
        "created_at": invitation.invited_at,
        "expires_at": invitation.expires_at,
    }
    await connection.execute(insert(password_reset_tokens).values(row))


async def _audit(connection: AsyncConnection, invitation: Invitation) -> None:
    details = {
        "target_user_id": str(invitation.user_id),
        "to": ApprovalStatus.APPROVED.value,
        "version": INVITED_VERSION,
        "org_id": invitation.org_id,
        "reason": invitation.note,
        "service": invitation.service,
    }
    await insert_audit_row(
        connection,
        f"user_{PAST_TENSES[DecisionAction.INVITE]}",
        details,
        actor=invitation.actor,
        correlation_id=invitation.correlation_id,
        created_at=invitation.invited_at,
    )
