"""Settings of the gateway."""

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.settings import Downstream, Engine, OptionalFolder, ServiceSettings

SERVICE = "gateway"
PREFIX = "API_GATEWAY_"

DEVELOPMENT_ORIGINS = tuple(
    f"http://{host}:{port}"
    for host in ("localhost", "127.0.0.1", "[::1]")
    for port in (3000, 4173, *range(5173, 5180))
)
"""Pages of the usual development servers; Vite takes the next port when one is taken."""

CommaSeparated = Annotated[tuple[str, ...], NoDecode]

_BETWEEN_SECRETS = re.compile(r"\s*[,\r\n]\s*")

_TEACHER = f"{PREFIX}BFF_TEACHER__URL"
_ADMIN = f"{PREFIX}BFF_ADMIN__URL"
_IDENTITY = f"{PREFIX}IDENTITY__URL"


class TeacherUpstream(Downstream):
    name: str = "bff_teacher"
    url: str = "http://127.0.0.1:4101"


class AdminUpstream(Downstream):
    name: str = "bff_admin"
    url: str = "http://127.0.0.1:4102"


class IdentityUpstream(Downstream):
    name: str = "identity"
    url: str = "http://127.0.0.1:7005"


class Settings(ServiceSettings):
    """`request_budget` caps the timeout of every route; rate limits are per minute."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "API_GATEWAY_BFF_TEACHER_URL": _TEACHER,
        "BFF_TEACHER_SERVICE_URL": _TEACHER,
        "BFF_TEACHER_URL": _TEACHER,
        "API_GATEWAY_BFF_ADMIN_URL": _ADMIN,
        "BFF_ADMIN_SERVICE_URL": _ADMIN,
        "BFF_ADMIN_URL": _ADMIN,
        "API_GATEWAY_IDENTITY_SERVICE_URL": _IDENTITY,
        "API_GATEWAY_IDENTITY_URL": _IDENTITY,
        "IDENTITY_SERVICE_URL": _IDENTITY,
        "API_GATEWAY_TRUSTED_PROXIES": "TRUSTED_PROXIES",
    }
    # Rate limits, sessions that have ended, and renewals, which use a refresh token up.
    replicas_need_redis = True

    port: int = Field(8080, ge=1, le=65535, description="The port to listen on.")
    server: Engine = Field(
        Engine.GRANIAN,
        description="The HTTP server: `granian`; another is refused, because it hides how a method"
        " was written.",
    )
    redis_timeout: float = Field(
        0.5, gt=0, le=10, description="Seconds that a request waits for Redis."
    )
    request_budget: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Seconds to an answer's head; caps every route's own but that of uploads, of the"
        " creation of a batch and of its start.",
    )
    max_body_bytes: int = Field(
        1024 * 1024, ge=0, description="Bytes that a request's body may have."
    )
    max_in_flight: int = Field(
        4096,
        ge=1,
        description="Requests inside at a time; beyond, 503 at the door.",
    )
    max_in_flight_per_user: int = Field(
        64,
        ge=1,
        description="Requests of one user, or of one address on routes without a user, inside"
        " at a time; beyond, 429.",
    )
    max_header_bytes: int = Field(
        16 * 1024, ge=1024, description="Bytes that address and headers may have together."
    )
    transfer_seconds: float = Field(
        120.0, gt=0, description="Seconds that an answer's body may take."
    )
    stream_idle_seconds: float = Field(
        300.0, gt=0, description="Seconds that an event stream may be silent."
    )
    open_streams: int = Field(
        2000,
        ge=1,
        description="Event streams open at a time, each with a connection of its own; beyond, 503.",
    )
    connections: int = Field(4096, ge=1, description="Connections to the services at a time.")

    bff_teacher: TeacherUpstream = TeacherUpstream()
    bff_admin: AdminUpstream = AdminUpstream()
    identity: IdentityUpstream = IdentityUpstream()

    user_per_minute: int = Field(600, ge=1, description="Requests of one user in a minute.")
    sign_in_per_minute: int = Field(
        20, ge=1, description="Sign-ins, registrations and the like from one address in a minute."
    )
    session_per_minute: int = Field(
        60, ge=1, description="Refreshes and sign-outs from one address in a minute."
    )
    session_keys: SecretStr | None = Field(
        None,
        description="Secrets that seal the session cookie, with commas or line breaks between them:"
        " the first seals, all open. Unset in development and testing: a random one for as long as"
        " the process runs, unless there are several.",
    )
    session_seconds: float = Field(
        86_400.0, gt=0, le=604_800, description="Seconds from sign-in to the end of a session."
    )
    session_idle_seconds: float = Field(
        7200.0, gt=0, le=604_800, description="Seconds without a request after which it ends, too."
    )
    session_renew_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="Seconds before its end in which a session's access token is renewed.",
    )
    trusted_proxies: CommaSeparated = Field(
        (),
        validation_alias="TRUSTED_PROXIES",
        description="Addresses or networks whose `X-Forwarded-For` is believed.",
    )
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        None,
        description="Pages that may call; unset: none, in development ports 3000, 4173 and 5173-5179 of this machine.",
    )
    static_dir: OptionalFolder = Field(
        None,
        description="The built screens, served at every path that is not an API's; unset or empty:"
        " none.",
    )
    hsts_seconds: int = Field(
        31_536_000, ge=0, description="Seconds for which browsers insist on HTTPS; 0: not said."
    )

    @field_validator("server")
    @classmethod
    def _shows_the_method(cls, server: Engine) -> Engine:
        """Hypercorn hands methods on in capital letters, so that `post` could not be refused."""
        if server is not Engine.GRANIAN:
            raise ValueError("must be granian: Hypercorn hides how a method was written")
        return server

    @property
    def session_secrets(self) -> tuple[str, ...]:
        """The secrets of the session cookie, the newest first; empty where none is set."""
        given = self.session_keys.get_secret_value() if self.session_keys else ""
        return tuple(one for one in _BETWEEN_SECRETS.split(given) if one)

    def required_secrets(self) -> dict[str, SecretStr | None]:
        given: dict[str, SecretStr | None] = {
            f"{PREFIX}SESSION_KEYS ({number})": SecretStr(one)
            for number, one in enumerate(self.session_secrets, 1)
        }
        # A random key for each replica would sign people out at every other one.
        if not given and (self.replicas > 1 or not self.environment.lenient):
            given = {f"{PREFIX}SESSION_KEYS": None}
        return super().required_secrets() | given

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Accepts a JSON list, as the platform writes it, or a comma-separated one."""
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(item.strip() for item in value.split(",") if item.strip())

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins that may call; by default those of a front end's development server."""
        if self.cors_origins is not None:
            return self.cors_origins
        return DEVELOPMENT_ORIGINS if self.environment.lenient else ()

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for origin in value or ():
            scheme, separator, host = origin.partition("://")
            if scheme not in {"http", "https"} or not separator or not host or "/" in host:
                raise ValueError("must be origins such as https://skola.example")
        return value
