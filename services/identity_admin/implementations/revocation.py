"""Revocation of a user's access tokens: written beside the decision, then relayed to Redis."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.auth import ACCESS_TOKENS, MAX_MARKS, RevocationMark, RevocationPublisher
from bff_core.cache import RedisClient, drop_connections
from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import user_revocations

_POLL_SECONDS = 0.5
_TRANSACTION_SECONDS = 5.0
_REDIS_SECONDS = 2.0
_MARKS_PER_NOTICE = 500
_SIGN_IN_SECONDS = 2.0
"""A sign-in that saw the account as it was may be answered this long after the decision's time."""

log = structlog.get_logger()


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


class RevocationRelay:
    """Safe to run in several processes: a mark that is published twice changes nothing.

    Each round ends with a notice, if only an empty one: it tells the services that marks arrive.
    """

    def __init__(
        self, engine: AsyncEngine, redis: RedisClient, clock: Clock, lifetime: float
    ) -> None:
        """`lifetime` in seconds: that of an access token, after which a mark says nothing."""
        self._engine = engine
        self._redis = redis
        self._publisher = RevocationPublisher(redis, ACCESS_TOKENS, lifetime)
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime)

    async def run(self) -> None:
        """Publish until cancelled; a failed round is logged and repeated."""
        while True:
            try:
                await self.publish_once()
            except (Unavailable, RedisError, OSError, TimeoutError) as error:
                log.warning("revocations_not_published", error=type(error).__name__)
                if isinstance(error, ResponseError):
                    await drop_connections(self._redis, in_use=False)
            await asyncio.sleep(_POLL_SECONDS)

    async def publish_once(self) -> int:
        """Publish new marks, or all when Redis has lost them; return their number."""
        async with asyncio.timeout(_REDIS_SECONDS):
            kept = await self._redis.zcard(ACCESS_TOKENS.kept_key)
        async with transaction(self._engine, _TRANSACTION_SECONDS) as connection:
            old = user_revocations.c.revoked_at < self._clock.now() - self._lifetime
            if (await connection.execute(select(func.count()).where(old))).scalar_one():
                await connection.execute(delete(user_revocations).where(old))
            revoked = await self._pending(connection, kept)
        await self._publish(
            [
                RevocationMark(UserId(str(user_id)), at.timestamp() + _SIGN_IN_SECONDS)
                for user_id, at in revoked
            ]
        )
        if revoked:
            async with transaction(self._engine, _TRANSACTION_SECONDS) as connection:
                await self._record(connection, revoked)
        return len(revoked)

    async def _pending(self, connection: AsyncConnection, kept: int) -> list[tuple[UUID, datetime]]:
        columns = user_revocations.c
        count = select(func.count()).select_from(user_revocations)
        pending = select(columns.user_id, columns.revoked_at).order_by(columns.revoked_at.desc())
        if kept >= min((await connection.execute(count)).scalar_one(), MAX_MARKS):
            pending = pending.where(columns.published_at.is_(None))
        rows = await connection.execute(pending.limit(MAX_MARKS))
        return [(user_id, at) for user_id, at in rows]

    async def _publish(self, marks: Sequence[RevocationMark]) -> None:
        """One notice for so many marks, and an empty one where there is nothing to say."""
        now = self._clock.now().timestamp()
        for start in range(0, max(1, len(marks)), _MARKS_PER_NOTICE):
            async with asyncio.timeout(_REDIS_SECONDS):
                await self._publisher.publish(marks[start : start + _MARKS_PER_NOTICE], now)

    async def _record(
        self, connection: AsyncConnection, revoked: Sequence[tuple[UUID, datetime]]
    ) -> None:
        """Note what is published; one that a later one has replaced meanwhile stays pending."""
        columns = user_revocations.c
        published = (
            update(user_revocations)
            .where(columns.user_id == bindparam("user"), columns.revoked_at == bindparam("at"))
            .values(published_at=self._clock.now())
        )
        values = [{"user": user_id, "at": at} for user_id, at in revoked]
        await connection.execute(published, values)
