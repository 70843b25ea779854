"""The flows of one emulated Identity, put together once and found again by its routes."""

from dataclasses import dataclass
from typing import cast

from quart import current_app
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock
from devstack.emulators.identity.gate import RegistrationHook, SignInGate
from devstack.emulators.identity.login_limit import (
    LoginLimit,
    MemoryAttempts,
    RedisAttempts,
)
from devstack.emulators.identity.password_change import PasswordChange
from devstack.emulators.identity.passwords import Passwords
from devstack.emulators.identity.profiles import Profiles
from devstack.emulators.identity.registration import Registration
from devstack.emulators.identity.session_desk import SessionDesk
from devstack.emulators.identity.settings import IdentitySettings
from devstack.emulators.identity.sign_in import SignIn
from devstack.emulators.identity.token_desk import TokenDesk
from devstack.emulators.identity.tokens import Issuer, issuer_for
from devstack.emulators.identity.verification import Verification

EXTENSION = "identity"


@dataclass(frozen=True, slots=True)
class Identity:
    settings: IdentitySettings
    engine: AsyncEngine
    issuer: Issuer
    limit: LoginLimit
    registration: Registration
    sign_in: SignIn
    token_desk: TokenDesk
    verification: Verification
    password_change: PasswordChange
    session_desk: SessionDesk
    profiles: Profiles


def assemble(
    settings: IdentitySettings,
    engine: AsyncEngine,
    gate: SignInGate,
    hook: RegistrationHook,
    clock: Clock,
) -> Identity:
    issuer = issuer_for(settings, clock)
    passwords = Passwords()
    verification = Verification(engine, clock)
    limit = _login_limit(settings, clock)
    return Identity(
        settings=settings,
        engine=engine,
        issuer=issuer,
        limit=limit,
        registration=Registration(engine, passwords, verification, hook, clock),
        sign_in=SignIn(engine, issuer, passwords, limit=limit, gate=gate, clock=clock),
        token_desk=TokenDesk(engine, issuer, clock),
        verification=verification,
        password_change=PasswordChange(engine, passwords, clock),
        session_desk=SessionDesk(engine, clock),
        profiles=Profiles(engine, clock),
    )


def identity() -> Identity:
    """The one behind the current request."""
    # Quart keeps extensions untyped; create_app() is the only one to put this one there.
    return cast("Identity", current_app.extensions[EXTENSION])


def _login_limit(settings: IdentitySettings, clock: Clock) -> LoginLimit:
    if settings.redis_url is None:
        return LoginLimit(MemoryAttempts(clock), settings.login_limit)
    redis = Redis.from_url(settings.redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)
    return LoginLimit(RedisAttempts(redis), settings.login_limit)
