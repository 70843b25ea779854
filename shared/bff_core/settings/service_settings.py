"""Settings that every service has, read from the environment; durations are in seconds."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bff_core.settings.downstream import Downstream, check_http_url
from bff_core.settings.environment import (
    Engine,
    Environment,
    EnvironmentSource,
    SettingsError,
    check_names,
    explain,
    read_secret_files,
    secret_fault,
    variable_names,
    without_links,
)
from bff_core.settings.redis_urls import check_redis_url

S = TypeVar("S", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """Base of the settings of each service, which adds its own fields and prefix."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="forbid",
        populate_by_name=True,
    )

    aliases: ClassVar[Mapping[str, str]] = {}
    """Other accepted spellings: name in the environment to the name it stands for."""
    replicas_need_redis: ClassVar[bool] = False
    """True where replicas without a common Redis would answer differently."""

    host: str = Field(
        "127.0.0.1", description="The address to listen on; `0.0.0.0` in a container."
    )
    port: int = Field(ge=1, le=65535, description="The port to listen on.")
    environment: Environment = Field(
        Environment.PRODUCTION,
        validation_alias="ENVIRONMENT",
        description="Weak secrets are tolerated in development and testing only.",
    )
    log_level: str = Field(
        "INFO", validation_alias="LOG_LEVEL", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    log_format: str = Field(
        "json",
        validation_alias="LOG_FORMAT",
        pattern="^(json|console)$",
        description="`json` for machines, `console` for people.",
    )
    redis_url: str | None = Field(
        None,
        repr=False,
        validation_alias="REDIS_URL",
        description="Shared by all processes; without it each has its own caches and limits.",
    )
    replicas: int = Field(
        1,
        ge=1,
        le=1000,
        validation_alias="REPLICAS",
        description="Processes of this service that run; above 1, what they must share is required.",
    )
    request_budget: float = Field(
        3.0, gt=0, le=60, description="Seconds within which an answer is due."
    )
    max_body_bytes: int = Field(64 * 1024, ge=0, description="Maximum bytes of a request's body.")
    server: Engine = Field(
        Engine.HYPERCORN, description="The HTTP server: `hypercorn` or `granian`."
    )
    fast_path: bool = Field(
        default=True,
        validation_alias="FAST_PATH",
        description="Answer plain reads of screens without Quart's request handling.",
    )
    max_connections: int = Field(
        8192,
        ge=1,
        description="Connections at a time, at most half of the descriptors; from three quarters"
        " on, idle ones are closed.",
    )
    max_in_flight: int = Field(512, ge=1, description="Requests answered at a time; more get 503.")
    max_in_flight_per_user: int = Field(
        32, ge=1, description="Requests of one user answered at a time; more get 429."
    )
    cache_entries: int = Field(4096, ge=0, description="Answers kept in memory.")
    cache_bytes: int = Field(64 * 1024 * 1024, ge=0, description="Bytes of answers kept in memory.")
    shutdown_grace: float = Field(
        20.0, ge=0, le=300, description="Seconds that requests in flight may take at the end."
    )
    shutdown_delay: float | None = Field(
        None,
        ge=0,
        le=60,
        description="Seconds after SIGTERM in which requests are still taken; unset: 5, and 0 in"
        " development and testing.",
    )
    docs: bool | None = Field(
        None, description="Whether `/docs` is served; unset: everywhere but in production."
    )

    jwt_algorithm: str = Field(
        "HS256",
        validation_alias="JWT_ALGORITHM",
        pattern="^(HS|RS)256$",
        description="`HS256` or `RS256`; no other is accepted.",
    )
    jwt_secret_key: SecretStr | None = Field(
        None,
        validation_alias="JWT_SECRET_KEY",
        description="HS256: what Identity signs with; 32 characters or more.",
    )
    jwt_public_key: str | None = Field(
        None, validation_alias="JWT_PUBLIC_KEY", description="RS256: Identity's public key, in PEM."
    )
    jwt_public_key_path: str | None = Field(
        None, validation_alias="JWT_PUBLIC_KEY_PATH", description="RS256: a file that holds it."
    )
    jwt_jwks_url: str | None = Field(
        None,
        validation_alias="JWT_JWKS_URL",
        description="RS256: the URL of Identity's published keys.",
    )
    jwt_clock_skew: float = Field(
        5.0,
        validation_alias="JWT_CLOCK_SKEW_SECONDS",
        ge=0,
        le=60,
        description="Seconds by which clocks may differ.",
    )
    jwt_access_token_seconds: float = Field(
        3600.0,
        validation_alias="JWT_ACCESS_TOKEN_EXPIRES_SECONDS",
        gt=0,
        le=86_400,
        description="Seconds that Identity's access tokens live, at most.",
    )
    jwt_audience: str = Field(
        "huleedu-platform",
        min_length=1,
        validation_alias="JWT_AUDIENCE",
        description="The required audience of a token.",
    )
    jwt_issuer: str = Field(
        "huleedu-identity-service",
        min_length=1,
        validation_alias="JWT_ISSUER",
        description="The required issuer of a token.",
    )

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis_url(cls, url: str | None) -> str | None:
        # Compose sets variables without a value to the empty string.
        return check_redis_url(url) if url else None

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return check_http_url(url) if url else url

    @field_validator("host", "jwt_audience", "jwt_issuer")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if not text or not text.isprintable() or text != text.strip():
            raise ValueError("must not be empty, hold control characters, or have blanks around it")
        return text

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing is read but by `load`."""
        return (init_settings,)

    @property
    def drains_for(self) -> float:
        """Seconds in which a process told to stop still takes requests while `/ready` answers 503.

        Unset: five where a load balancer must notice first, none on a developer's machine.
        """
        if self.shutdown_delay is not None:
            return self.shutdown_delay
        return 0.0 if self.environment.lenient else 5.0

    @property
    def called_services(self) -> tuple[Downstream, ...]:
        """Services with operations; the others are only forwarded to."""
        fields = [getattr(self, name) for name in type(self).model_fields]
        return tuple(one for one in fields if isinstance(one, Downstream) and one.operations)

    @property
    def shows_docs(self) -> bool:
        """True when `/docs` is served: outside production, unless set."""
        return self.environment != Environment.PRODUCTION if self.docs is None else self.docs

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read and check the environment.

        Raises:
            SettingsError: A value does not fit, a name is misspelled, or a secret is missing, weak
                or contradicts another.
        """
        prefix = cls.model_config.get("env_prefix") or ""
        given = read_secret_files(without_links(environ, prefix), cls.secret_names())
        # A name set under its own spelling wins over its alias.
        given = {n: given[alias] for alias, n in cls.aliases.items() if alias in given} | given
        check_names({*variable_names(cls).values(), *cls.aliases}, given, prefix)
        source = EnvironmentSource(cls, case_sensitive=False)
        source.env_vars = {name.lower(): value for name, value in given.items()}
        try:
            settings = cls(**source())
        except ValidationError as error:
            raise SettingsError(explain(cls, error)) from None
        settings.check_secrets()
        return settings

    @classmethod
    def secret_names(cls) -> frozenset[str]:
        """Variables that may come from a file: secrets, and addresses that hold a password."""
        names = variable_names(cls)
        own = {
            names[field]
            for field, info in cls.model_fields.items()
            if not info.repr or SecretStr in (info.annotation, *get_args(info.annotation))
        }
        return frozenset(own | {alias for alias, name in cls.aliases.items() if name in own})

    def check_secrets(self) -> None:
        """Refuse missing, weak or contradictory secrets and what replicas cannot share; name all.

        Raises:
            SettingsError: There is one.
        """
        faults = (*self._key_faults(), *self.replica_faults())
        self.require_secrets(self.required_secrets(), *faults)

    def required_secrets(self) -> dict[str, SecretStr | None]:
        """Secrets by the variable that sets them; services add their own."""
        return {"JWT_SECRET_KEY": self.jwt_secret_key} if self.jwt_algorithm == "HS256" else {}

    def replica_faults(self) -> list[str]:
        """Faults of more than one replica; services add their own."""
        if self.replicas == 1 or self.redis_url or not self.replicas_need_redis:
            return []
        return [f"REDIS_URL is not set, and REPLICAS={self.replicas} needs one for all"]

    def require_secrets(self, secrets: Mapping[str, SecretStr | None], *faults: str) -> None:
        """Refuse secrets that can be guessed or never work, together with other faults.

        Raises:
            SettingsError: Names each variable that is missing, flawed or, outside development, weak.
        """
        found = list(faults)
        for name, secret in secrets.items():
            text = secret.get_secret_value() if secret else ""
            fault = secret_fault(name, text, self.environment)
            found += [f"{name} {fault}"] if fault else []
        if found:
            raise SettingsError("; ".join(found))

    def _key_faults(self) -> list[str]:
        public = {
            "JWT_PUBLIC_KEY": self.jwt_public_key,
            "JWT_PUBLIC_KEY_PATH": self.jwt_public_key_path,
            "JWT_JWKS_URL": self.jwt_jwks_url,
        }
        keys = {"JWT_SECRET_KEY": self.jwt_secret_key} | public
        given = [name for name, key in keys.items() if key]
        if len(given) > 1:
            return [f"{' and '.join(given)} exclude each other"]
        if self.jwt_algorithm != "HS256" and not any(public.values()):
            return [f"JWT_ALGORITHM=RS256 needs one of {', '.join(public)}"]
        return []
