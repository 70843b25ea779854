"""What Identity sends of a person."""

import msgspec


class PersonName(msgspec.Struct, frozen=True):
    first_name: str | None = None
    last_name: str | None = None


class Profile(msgspec.Struct, frozen=True):
    person_name: PersonName
    display_name: str | None = None
    locale: str | None = None
