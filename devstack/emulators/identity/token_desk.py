"""What the Identity service says of a token, and how it takes one back."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock, to_wire
from devstack.emulators.identity import audit, outbox, sessions
from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.tokens import Issuer


class TokenDesk:
    def __init__(self, engine: AsyncEngine, issuer: Issuer, clock: Clock) -> None:
        self._engine = engine
        self._issuer = issuer
        self._clock = clock

    async def introspect(self, token: str) -> dict[str, object]:
        """`org_id` and `iat` are always null: it looks for claims that no token has."""
        claims = self._issuer.verified(token)
        jti = claims.get("jti")
        if isinstance(jti, str):
            async with self._engine.connect() as connection:
                if not await sessions.may_refresh(connection, jti, self._clock.now()):
                    claims = {}
        refresh = claims.get("typ") == "refresh"
        return {
            "active": bool(claims),
            "sub": claims.get("sub"),
            "exp": claims.get("exp"),
            "iat": claims.get("iat"),
            "jti": claims.get("jti"),
            "org_id": claims.get("org_id"),
            "roles": claims.get("roles", []),
            "token_type": "refresh_token" if refresh else "access_token",
        }

    async def revoke(self, token: str, caller: Caller) -> dict[str, object]:
        """Says yes to anything; only a refresh token has something to revoke."""
        claims = self._issuer.verified(token)
        jti, user_id = claims.get("jti"), claims.get("sub")
        if isinstance(jti, str) and isinstance(user_id, str):
            await self._end(jti, UUID(user_id), caller)
        return {"revoked": True}

    async def _end(self, jti: str, user_id: UUID, caller: Caller) -> None:
        at = self._clock.now()
        data = {
            "user_id": str(user_id),
            "jti": jti,
            "reason": "user_request",
            "timestamp": to_wire(at),
            "correlation_id": str(caller.correlation_id),
        }
        async with self._engine.begin() as connection:
            await sessions.end_refresh(connection, jti)
            await audit.record(
                connection, "token_revoke", caller, at=at, user_id=user_id, details={"jti": jti}
            )
            await outbox.publish_revocation(connection, data, key=str(user_id), at=at)
