"""Revocation of a user's access tokens, in the transaction that takes access or a role away."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity_admin.implementations.tables import user_revocations


async def revoke_access(connection: AsyncConnection, user_id: UUID, revoked_at: datetime) -> None:
    """Refuse the user's access tokens that were issued until now, in every service.

    The mark is published once the transaction is committed. A user who may still sign in gets a
    new token with the roles of the moment.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"user_id": user_id, "revoked_at": revoked_at, "published_at": None}
    mark = dialect.insert(user_revocations).values(row)
    newest = mark.on_conflict_do_update(
        index_elements=[user_revocations.c.user_id],
        set_={"revoked_at": mark.excluded.revoked_at, "published_at": None},
        where=user_revocations.c.revoked_at < mark.excluded.revoked_at,
    )
    await connection.execute(newest)
