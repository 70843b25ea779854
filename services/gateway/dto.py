"""Request and response models of sign-in, stricter than Identity, which fails on some of its own input."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.config import JsonDict

from bff_core.clock import to_wire
from bff_core.inputs import CONTROLS, Email, has_controls


def _without_controls(text: str) -> str:
    if has_controls(text):
        raise ValueError("must hold no control characters")
    return text


_CONTROL_FREE: JsonDict = {"pattern": rf"^[^{CONTROLS}]*$"}
Line = Annotated[
    str,
    Field(min_length=1, max_length=255, json_schema_extra=_CONTROL_FREE),
    AfterValidator(_without_controls),
]
Secret = Annotated[str, Field(min_length=1, max_length=1024, examples=["correct horse battery"])]
NewSecret = Annotated[str, Field(min_length=8, max_length=1024, examples=["correct horse battery"])]
Token = Annotated[
    str,
    Field(
        min_length=1,
        max_length=8192,
        examples=["eyJhbGciOi…"],
        json_schema_extra=_CONTROL_FREE,
    ),
    AfterValidator(_without_controls),
]


class _RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LoginV1(_RequestModel):
    """Credentials to sign in with."""

    email: Email
    password: Secret


class PersonNameV1(_RequestModel):
    """A person's name."""

    first_name: Line = Field(examples=["Anna"])
    last_name: Line = Field(examples=["Lindqvist"])
    legal_full_name: Line | None = Field(None, examples=["Anna Maria Lindqvist"])


class RegisterV1(_RequestModel):
    """Request for an account. An admin decides on it, and on the organisation it names."""

    email: Email
    password: NewSecret
    person_name: PersonNameV1
    organization_name: Line = Field(examples=["Ekskolan"])
    org_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["ekskolan"])


class RefreshV1(_RequestModel):
    """The refresh token that was handed out at sign-in."""

    refresh_token: Token


class LogoutV1(_RequestModel):
    """The refresh token to end; without it the bearer token identifies the user."""

    refresh_token: Token | None = None


class AddressV1(_RequestModel):
    """The e-mail address of an account."""

    email: Email


class VerifyEmailV1(_RequestModel):
    """The token from the mail."""

    token: Token


class ResetPasswordV1(_RequestModel):
    """The token from the mail, and the password to set."""

    token: Token
    new_password: NewSecret


class ChangePasswordV1(_RequestModel):
    """The password in use, and the one to set."""

    current_password: Secret
    new_password: NewSecret


class TokensV1(BaseModel):
    """Tokens of a sign-in; `expires_in` in seconds."""

    access_token: str = Field(examples=["eyJhbGciOi…"])
    refresh_token: str = Field(examples=["eyJhbGciOi…"])
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(examples=[3600])


class AccessTokenV1(BaseModel):
    """Access token of a refresh; `expires_in` in seconds."""

    access_token: str = Field(examples=["eyJhbGciOi…"])
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(examples=[3600])


class MessageV1(BaseModel):
    """Outcome in words."""

    message: str = Field(examples=["Logout successful"])


Moment = Annotated[datetime, PlainSerializer(to_wire)]


class SessionUserV1(BaseModel):
    """The signed-in person; `name` is null while Identity does not give one."""

    user_id: str = Field(examples=["0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"])
    email: str = Field(description="As given at sign-in.", examples=["anna@skola.example"])
    name: str | None = Field(examples=["Anna Lindqvist"])
    roles: list[str] = Field(description="In alphabetical order.", examples=[["teacher"]])


class SessionV1(BaseModel):
    """A session of the cookie. It ends at the earlier of two moments."""

    user: SessionUserV1
    csrf: str = Field(
        description="Send it as `X-CSRF` with every request that changes something.",
        examples=["q0vZb3mTq2c9xT1uYw7a5A"],
    )
    expires_at: Moment = Field(
        description="The session ends then.", examples=["2026-02-01T09:00:00.000000Z"]
    )
    idle_expires_at: Moment = Field(
        description="The session ends then unless a request comes before.",
        examples=["2026-01-31T11:00:00.000000Z"],
    )


class EndSessionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    everywhere: bool = Field(
        default=False, description="End all sessions of the user, on every device."
    )


class LoginQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: Literal["platform"] | None = Field(
        None,
        description="`platform`: add what the platform's front end reads, `token` (the access token)"
        " and `user` with `id`, `email`, `name` and `roles`.",
    )


class PlatformUserV1(BaseModel):
    """The signed-in person as the platform's front end keeps them."""

    id: str
    email: str
    name: str | None
    roles: list[str]


class PlatformLoginV1(TokensV1):
    """Tokens of a sign-in, and what the platform's front end reads; `token` is `access_token`."""

    token: str
    user: PlatformUserV1
