"""How an e-mail address is verified: request a token, hand it back."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock, to_wire
from devstack.emulators.identity import mailed_tokens, outbox, refusals, users
from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.tables import email_verification_tokens

_HOURS = 24
_TABLE = email_verification_tokens


class Verification:
    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def request_by_id(self, user_id: UUID, caller: Caller) -> dict[str, object]:
        operation = "request_email_verification"
        async with self._engine.connect() as connection:
            user = await users.by_id(connection, user_id)
        if user is None:
            raise refusals.invalid_mailed_token(operation)
        return await self._request(user, operation, caller)

    async def request_by_email(self, email: str, caller: Caller) -> dict[str, object]:
        operation = "request_email_verification_by_email"
        async with self._engine.connect() as connection:
            user = await users.by_email(connection, email)
        if user is None:
            raise refusals.user_not_found(email, operation)
        return await self._request(user, operation, caller)

    async def issue(self, user: users.User, caller: Caller) -> None:
        """A new token, and the event that has it mailed."""
        at = self._clock.now()
        async with self._engine.begin() as connection:
            made = await mailed_tokens.issue(connection, _TABLE, user.id, at, _HOURS)
            data = {
                "user_id": str(user.id),
                "email": user.email,
                "verification_token": made.token,
                "expires_at": to_wire(made.expires_at),
            }
            await outbox.publish(
                connection,
                outbox.VERIFICATION_REQUESTED,
                data,
                key=str(user.id),
                correlation_id=caller.correlation_id,
                at=at,
            )

    async def verify(self, token: str, caller: Caller) -> dict[str, object]:
        operation, at = "verify_email", self._clock.now()
        async with self._engine.begin() as connection:
            made = await mailed_tokens.find(connection, _TABLE, token)
            if made is None or made.used:
                raise refusals.invalid_mailed_token(operation)
            if at > made.expires_at:
                raise refusals.expired_mailed_token(operation)
            user = await users.by_id(connection, made.user_id)
            if user is None:
                raise refusals.invalid_mailed_token(operation)
            if user.email_verified:
                raise refusals.already_verified(user.email, operation)
            await mailed_tokens.use(connection, _TABLE, made, at)
            await users.change(connection, user.id, {"email_verified": True})
            await outbox.publish(
                connection,
                outbox.EMAIL_VERIFIED,
                {"user_id": str(user.id), "verified_at": to_wire(at)},
                key=str(user.id),
                correlation_id=caller.correlation_id,
                at=at,
            )
        return {"message": "E-mail address verified"}

    async def _request(self, user: users.User, operation: str, caller: Caller) -> dict[str, object]:
        if user.email_verified:
            raise refusals.already_verified(user.email, operation)
        await self.issue(user, caller)
        return {
            "message": "Verification mail requested",
            "correlation_id": str(caller.correlation_id),
        }
