"""New passwords: by a mailed token, or by somebody who knows the old one."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.clock import Clock, to_wire
from devstack.emulators.identity import audit, mailed_tokens, outbox, refusals, users
from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.mailed_tokens import MailedToken
from devstack.emulators.identity.passwords import Passwords
from devstack.emulators.identity.tables import password_reset_tokens

_HOURS = 1
_TABLE = password_reset_tokens


class PasswordChange:
    def __init__(self, engine: AsyncEngine, passwords: Passwords, clock: Clock) -> None:
        self._engine = engine
        self._passwords = passwords
        self._clock = clock

    async def request(self, email: str, caller: Caller) -> dict[str, object]:
        """The same answer whoever asks."""
        async with self._engine.connect() as connection:
            user = await users.by_email(connection, email)
        if user is None:
            await self._note("password_reset_requested_nonexistent", caller, {"email": email})
        else:
            await self._issue(user, caller)
        message = "A mail is on its way if the address is known"
        return {"message": message, "correlation_id": str(caller.correlation_id)}

    async def reset(self, token: str, new_password: str, caller: Caller) -> dict[str, object]:
        made = await self._usable(token, caller)
        hashed = await self._passwords.hashed(new_password)
        at, user_id = self._clock.now(), made.user_id
        async with self._engine.begin() as connection:
            await users.change(connection, user_id, {"password_hash": hashed})
            await mailed_tokens.use(connection, _TABLE, made, at)
            await audit.record(
                connection, "password_reset_completed", caller, at=at, user_id=user_id
            )
            data = {"user_id": str(user_id), "reset_at": to_wire(at)}
            await self._publish(connection, outbox.RESET_COMPLETED, data, caller)
        return {"message": "Password reset"}

    async def change(
        self, user_id: UUID, current: str, new_password: str, caller: Caller
    ) -> dict[str, object]:
        async with self._engine.connect() as connection:
            user = await users.by_id(connection, user_id)
        if user is None:
            raise refusals.invalid_mailed_token("change_password")
        if not await self._passwords.match(user.password_hash, current):
            # A wrong password is called an invalid verification token there.
            await self._note("password_change_invalid_current", caller, {}, user_id)
            raise refusals.invalid_mailed_token("change_password")
        hashed = await self._passwords.hashed(new_password)
        async with self._engine.begin() as connection:
            await users.change(connection, user_id, {"password_hash": hashed})
        await self._note("password_change_completed", caller, {}, user_id)
        return {"message": "Password changed"}

    async def _usable(self, token: str, caller: Caller) -> MailedToken:
        async with self._engine.connect() as connection:
            made = await mailed_tokens.find(connection, _TABLE, token)
        if made is None:
            await self._note("password_reset_invalid_token", caller, {})
            raise refusals.invalid_mailed_token("reset_password")
        if made.used:
            await self._note("password_reset_token_already_used", caller, {}, made.user_id)
            raise refusals.invalid_mailed_token("reset_password")
        if self._clock.now() > made.expires_at:
            await self._note("password_reset_token_expired", caller, {}, made.user_id)
            raise refusals.expired_mailed_token("reset_password")
        return made

    async def _issue(self, user: users.User, caller: Caller) -> None:
        at = self._clock.now()
        async with self._engine.begin() as connection:
            made = await mailed_tokens.issue(connection, _TABLE, user.id, at, _HOURS)
            await audit.record(
                connection, "password_reset_requested", caller, at=at, user_id=user.id
            )
            # The mail carries the row's id, the reset looks for the token: its links never work.
            data = {
                "user_id": str(user.id),
                "email": user.email,
                "token_id": str(made.id),
                "expires_at": to_wire(made.expires_at),
            }
            await self._publish(connection, outbox.RESET_REQUESTED, data, caller)

    async def _publish(
        self, connection: AsyncConnection, topic: str, data: Mapping[str, object], caller: Caller
    ) -> None:
        await outbox.publish(
            connection,
            topic,
            data,
            key=str(data["user_id"]),
            correlation_id=caller.correlation_id,
            at=self._clock.now(),
        )

    async def _note(
        self,
        action: str,
        caller: Caller,
        details: Mapping[str, object],
        user_id: UUID | None = None,
    ) -> None:
        async with self._engine.begin() as connection:
            await audit.record(
                connection, action, caller, at=self._clock.now(), user_id=user_id, details=details
            )
