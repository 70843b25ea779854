"""Profiles, which anybody may read and write: the platform asks for no token here."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock
from devstack.emulators.identity import refusals, users
from devstack.emulators.identity.bodies import ProfileRequest

_READ = "get_user_profile"
_WRITE = "update_user_profile"


class Profiles:
    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def read(self, user_id: str) -> dict[str, object]:
        wanted = _uuid(user_id, _READ)
        async with self._engine.connect() as connection:
            profile = await users.profile_of(connection, wanted)
        if profile is None:
            raise refusals.profile_not_found(user_id, _READ)
        return _on_the_wire(profile)

    async def write(self, user_id: str, body: ProfileRequest) -> dict[str, object]:
        """Replace the whole profile.

        Raises:
            ValueError: A name is blank.
        """
        profile = users.Profile(
            _required("first_name", body.first_name),
            _required("last_name", body.last_name),
            _optional(body.display_name),
            _optional(body.locale),
        )
        wanted = _uuid(user_id, _WRITE)
        try:
            async with self._engine.begin() as connection:
                await users.put_profile(connection, wanted, profile, self._clock.now())
        except IntegrityError as error:
            raise refusals.profile_not_found(user_id, _WRITE) from error
        return _on_the_wire(profile)


def _on_the_wire(profile: users.Profile) -> dict[str, object]:
    first, last = profile.first_name or "", profile.last_name or ""
    name = {"first_name": first, "last_name": last, "legal_full_name": f"{first} {last}".strip()}
    return {"person_name": name, "display_name": profile.display_name, "locale": profile.locale}


def _uuid(user_id: str, operation: str) -> UUID:
    try:
        return UUID(user_id)
    except ValueError as error:
        raise refusals.invalid_user_id(operation) from error


def _required(name: str, value: str) -> str:
    if not value.strip():
        raise ValueError(f"{name} is required")
    return value.strip()


def _optional(value: str | None) -> str | None:
    return value.strip() if value else None
