"""Models of the session routes and of sign-in in the shape of the platform's front end."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from bff_core.clock import to_wire
from services.gateway.dto.auth_v1 import TokensV1

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
