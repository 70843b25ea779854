"""Signing in, staying signed in and leaving: the flows behind login, refresh and logout."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock, to_wire
from devstack.emulators.identity import audit, outbox, refusals, sessions, users
from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.gate import SignInGate, SignInRefusal
from devstack.emulators.identity.login_limit import WINDOW_SECONDS, LoginLimit
from devstack.emulators.identity.passwords import Passwords
from devstack.emulators.identity.tokens import Issuer

# Not counted: the number in the answer is this one, whatever the setting says.
_EXPIRES_IN = 3600


class SignIn:
    def __init__(
        self,
        engine: AsyncEngine,
        issuer: Issuer,
        passwords: Passwords,
        *,
        limit: LoginLimit,
        gate: SignInGate,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._issuer = issuer
        self._passwords = passwords
        self._limit = limit
        self._gate = gate
        self._clock = clock

    async def login(self, email: str, password: str, caller: Caller) -> dict[str, object]:
        await self._check_limits(email, caller)
        user = await self._proven(email, password, caller)
        if not user.email_verified:
            await self._note_failure(email, "email_unverified", caller, user.id)
            raise refusals.email_not_verified(email)
        refusal = await self._gate.refusal(user.id)
        if refusal is not None:
            await self._note_failure(email, refusal.reason, caller, user.id)
            details = {"email": email, "reason": refusal.reason}
            raise _closed(refusal, "login", details)
        access = self._issuer.access_token(user)
        refresh, jti = self._issuer.refresh_token(str(user.id))
        await self._note_success(user, jti, caller)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": _EXPIRES_IN,
        }

    async def refresh(self, token: str) -> dict[str, object]:
        """A new access token; the refresh token stays as it is.

        Neither the e-mail nor a lock is looked at again, only the gate and the session.
        """
        claims = self._issuer.verified(token)
        jti, user_id = claims.get("jti"), claims.get("sub")
        if not isinstance(jti, str) or not isinstance(user_id, str):
            raise refusals.invalid_refresh_token("Invalid or expired refresh token")
        async with self._engine.connect() as connection:
            may_refresh = await sessions.may_refresh(connection, jti, self._clock.now())
            user = await users.by_id(connection, UUID(user_id))
        # Before the session: a denial ends sessions too, and "revoked" would not say why.
        refusal = await self._gate.refusal(user.id) if user else None
        if refusal is not None:
            raise _closed(refusal, "refresh_token", {"reason": refusal.reason})
        if not may_refresh:
            raise refusals.invalid_refresh_token("Refresh token has been revoked")
        if user is None:
            raise refusals.user_not_found(user_id, "refresh_token", status=401)
        access = self._issuer.access_token(user)
        return {"access_token": access, "token_type": "Bearer", "expires_in": _EXPIRES_IN}

    async def logout(self, token: str | None) -> dict[str, object]:
        """A bad token is as good as any; an access token ends nothing."""
        if not token:
            raise refusals.no_token_to_end()
        jti = self._issuer.verified(token).get("jti")
        if isinstance(jti, str):
            async with self._engine.begin() as connection:
                await sessions.end_refresh(connection, jti)
        return {"message": "Logout successful"}

    async def _check_limits(self, email: str, caller: Caller) -> None:
        address = caller.ip or "unknown"
        for identifier, reason in ((address, "ip"), (email, "email")):
            if await self._limit.exceeded(identifier):
                await self._note_attempt(email, f"rate_limit_exceeded_{reason}", caller, None)
                raise refusals.too_many_attempts(self._limit.limit, WINDOW_SECONDS)
        await self._limit.add(address)
        await self._limit.add(email)

    async def _proven(self, email: str, password: str, caller: Caller) -> users.User:
        async with self._engine.connect() as connection:
            user = await users.by_email(connection, email)
        if user is None:
            await self._note_failure(email, "user_not_found", caller, None)
            raise refusals.invalid_credentials(email)
        if not await self._passwords.match(user.password_hash, password):
            # The counter never gets past 1: what was counted before is not read back.
            failed = {"failed_login_attempts": 1, "last_failed_login_at": self._clock.now()}
            async with self._engine.begin() as connection:
                await users.change(connection, user.id, failed)
            await self._note_failure(email, "invalid_password", caller, user.id)
            raise refusals.invalid_credentials(email)
        return user

    async def _note_attempt(
        self, email: str, reason: str, caller: Caller, user_id: UUID | None
    ) -> None:
        details = {"email": email, "success": False, "failure_reason": reason}
        async with self._engine.begin() as connection:
            await audit.record(
                connection,
                "login_failure",
                caller,
                at=self._clock.now(),
                user_id=user_id,
                details=details,
            )

    async def _note_failure(
        self, email: str, reason: str, caller: Caller, user_id: UUID | None
    ) -> None:
        await self._note_attempt(email, reason, caller, user_id)
        at = self._clock.now()
        async with self._engine.begin() as connection:
            await outbox.publish(
                connection,
                outbox.LOGIN_FAILED,
                {"email": email, "reason": reason, "timestamp": to_wire(at)},
                key=email,
                correlation_id=caller.correlation_id,
                at=at,
                aggregate_type="login_attempt",
            )

    async def _note_success(self, user: users.User, jti: str, caller: Caller) -> None:
        at = self._clock.now()
        fresh = {"failed_login_attempts": 0, "last_login_at": at, "locked_until": None}
        details = {"email": user.email, "success": True}
        data = {"user_id": str(user.id), "org_id": user.org_id, "timestamp": to_wire(at)}
        async with self._engine.begin() as connection:
            await users.change(connection, user.id, fresh)
            await sessions.open_session(connection, user.id, jti, caller, at)
            await audit.record(
                connection, "login_success", caller, at=at, user_id=user.id, details=details
            )
            await outbox.publish(
                connection,
                outbox.LOGIN_SUCCEEDED,
                data,
                key=str(user.id),
                correlation_id=caller.correlation_id,
                at=at,
            )


def _closed(
    refusal: SignInRefusal, operation: str, details: Mapping[str, object]
) -> refusals.Refused:
    return refusals.Refused(
        refusal.code, refusal.message, operation, details=details, status=refusal.status
    )
