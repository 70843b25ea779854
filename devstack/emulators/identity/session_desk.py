"""What a signed-in person may see and do about their own sessions."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock
from devstack.emulators.identity import audit, sessions
from devstack.emulators.identity.caller import Caller


class SessionsUnlistable(Exception):
    """The platform fails on the first session it would list, so this answers 500 as well."""


class SessionDesk:
    """Revoking here hides a session; its refresh token goes on working."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def listed(self, user_id: UUID) -> dict[str, object]:
        """Only ever an empty list.

        Raises:
            SessionsUnlistable: There is a session.
        """
        if await self._active(user_id):
            raise SessionsUnlistable
        return {"sessions": [], "total_count": 0}

    async def count(self, user_id: UUID) -> dict[str, object]:
        return {"active_sessions": await self._active(user_id)}

    async def revoke(self, user_id: UUID, jti: str, caller: Caller) -> dict[str, object]:
        at = self._clock.now()
        async with self._engine.begin() as connection:
            owner = await sessions.owner(connection, jti)
            ended = await sessions.revoke(connection, user_id, at, jti=jti)
            foreign = owner is not None and owner != user_id
            if ended or foreign:
                action = "session_revoke_unauthorized" if foreign else "session_revoked"
                await audit.record(
                    connection, action, caller, at=at, user_id=user_id, details={"session": jti}
                )
        message = "Session revoked" if ended else "No such session, or revoked before"
        return {"message": message, "sessions_affected": ended}

    async def revoke_all(
        self, user_id: UUID, caller: Caller, *, keep: str | None
    ) -> dict[str, object]:
        """`keep` is the current session's jti; an access token has none, so nothing is kept."""
        at = self._clock.now()
        async with self._engine.begin() as connection:
            ended = await sessions.revoke(connection, user_id, at, keep=keep)
            await audit.record(
                connection,
                "all_sessions_revoked",
                caller,
                at=at,
                user_id=user_id,
                details={"sessions_revoked": ended},
            )
        return {"message": f"Sessions revoked: {ended}", "sessions_affected": ended}

    async def _active(self, user_id: UUID) -> int:
        async with self._engine.connect() as connection:
            return await sessions.active(connection, user_id, self._clock.now())
