"""Models of the sign-in routes, stricter than Identity, which fails on some of its own input."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

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
