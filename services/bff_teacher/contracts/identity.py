"""Bodies of Identity: a user's profile."""

import msgspec


class ProfileName(msgspec.Struct, frozen=True):
    first_name: str | None = None
    last_name: str | None = None


class IdentityProfile(msgspec.Struct, frozen=True):
    """`user_id` is not sent by today's Identity; where it is, it must be the user's."""

    person_name: ProfileName
    display_name: str | None = None
    locale: str | None = None
    user_id: str | None = None


class RefusalCode(msgspec.Struct, frozen=True):
    error_code: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The code alone; the rest is a long dump with a stack trace."""

    error: RefusalCode
