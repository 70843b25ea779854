"""Request bodies, as strict and as lax as the platform reads them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel

_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}")
# Names that no mail can reach; the platform's address check refuses them.
_NOWHERE = {"arpa", "invalid", "local", "localhost", "onion", "test"}


def _address(value: str) -> str:
    name, _, domain = value.strip().rpartition("@")
    address = f"{name}@{domain.lower()}"
    if not _ADDRESS.fullmatch(address) or domain.lower().rpartition(".")[2] in _NOWHERE:
        raise ValueError("not an e-mail address")
    return address


Address = Annotated[str, AfterValidator(_address)]


class PersonName(BaseModel):
    first_name: str
    last_name: str
    legal_full_name: str | None = None


class RegisterBody(BaseModel):
    """`organization_name` is required and then thrown away; `org_id` is believed."""

    email: Address
    password: str
    person_name: PersonName
    organization_name: str
    org_id: str | None = None


class LoginBody(BaseModel):
    email: Address
    password: str


class RefreshBody(BaseModel):
    refresh_token: str


class IntrospectBody(BaseModel):
    token: str


class RevokeBody(BaseModel):
    token: str
    token_type_hint: str = "refresh_token"


class VerifyEmailBody(BaseModel):
    token: str


class PasswordResetRequestBody(BaseModel):
    email: Address


class PasswordResetBody(BaseModel):
    token: str
    new_password: str


class ProfileRequest(BaseModel):
    """Named as on the platform: its validation errors go out as text."""

    first_name: str
    last_name: str
    display_name: str | None = None
    locale: str | None = None
