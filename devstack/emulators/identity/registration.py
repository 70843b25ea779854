"""How a new teacher gets an account: the flow behind `POST /v1/auth/register`."""

from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock, to_wire
from devstack.emulators.identity import outbox, refusals, users
from devstack.emulators.identity.bodies import RegisterBody
from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.gate import RegistrationHook
from devstack.emulators.identity.passwords import Passwords
from devstack.emulators.identity.verification import Verification

log = structlog.get_logger()


class Registration:
    def __init__(
        self,
        engine: AsyncEngine,
        passwords: Passwords,
        verification: Verification,
        hook: RegistrationHook,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._verification = verification
        self._hook = hook
        self._clock = clock

    async def register(self, body: RegisterBody, caller: Caller) -> dict[str, object]:
        """Everybody becomes a teacher of the organisation they say; any password will do."""
        async with self._engine.connect() as connection:
            if await users.by_email(connection, body.email) is not None:
                raise refusals.already_registered(body.email)
        user = await self._new_user(body)
        await self._write(user, body, caller)
        await self._ask_to_verify(user, caller)
        return {
            "user_id": str(user.id),
            "email": user.email,
            "org_id": user.org_id,
            "email_verification_required": True,
        }

    async def _new_user(self, body: RegisterBody) -> users.User:
        return users.User(
            id=uuid4(),
            email=body.email.lower(),
            org_id=body.org_id,
            password_hash=await self._passwords.hashed(body.password),
            roles=["teacher"],
            email_verified=False,
            registered_at=self._clock.now(),
        )

    async def _write(self, user: users.User, body: RegisterBody, caller: Caller) -> None:
        name, at = body.person_name, user.registered_at
        profile = users.Profile(name.first_name, name.last_name)
        data = {
            "user_id": str(user.id),
            "org_id": user.org_id,
            "email": user.email,
            "registered_at": to_wire(at),
        }
        async with self._engine.begin() as connection:
            await users.add(connection, user)
            await users.put_profile(connection, user.id, profile, at)
            await self._hook.registered(connection, user.id, at)
            await outbox.publish(
                connection,
                outbox.USER_REGISTERED,
                data,
                key=str(user.id),
                correlation_id=caller.correlation_id,
                at=at,
            )

    async def _ask_to_verify(self, user: users.User, caller: Caller) -> None:
        try:
            await self._verification.issue(user, caller)
        except SQLAlchemyError as error:
            # The platform counts the registration as done all the same.
            log.warning("verification_not_requested", error=type(error).__name__)
