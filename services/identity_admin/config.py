"""Settings from environment variables; durations are seconds."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.database_url import DatabaseUrl
from bff_core.settings import ServiceSettings, SettingsError

SERVICE = "identity_service"
"""Name in errors and events: the service that mounts the module."""
PREFIX = "IDENTITY_ADMIN_"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "IDENTITY_SERVICE_DATABASE_URL": f"{PREFIX}DATABASE_URL",
    }

    port: int = Field(7006, ge=1, le=65535, description="Port of the separate app, in tests.")
    max_body_bytes: int = Field(
        256 * 1024, ge=0, description="Bytes that a request's body may have."
    )
    internal_api_key: SecretStr | None = Field(
        None,
        validation_alias="HULEEDU_INTERNAL_API_KEY",
        description="The platform's key between services; 32 characters or more.",
    )
    allowed_services: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"bff-admin-service", "config-service"}),
        description="Service ids that may call, separated by commas.",
    )
    role: str = Field("admin", min_length=1, description="The role that may decide.")
    scope: Literal["org", "all"] = Field(
        "all", description="Accounts of an admin: those of the own organisation, or all."
    )
    unlimited_role: str | None = Field(
        None,
        min_length=1,
        description="With scope `org`: role of the admins whose accounts are all; unset: none.",
    )
    invitation_seconds: float = Field(
        7 * 24 * 3600.0, gt=0, description="Time to set a password after an invitation, in seconds."
    )
    database_url: SecretStr | None = Field(
        None, description="Database of the commands; a mounted module uses Identity's engine."
    )
    relay: Literal["redis", "platform"] = Field(
        "redis", description="Relay of the outbox: the module's, to a Redis stream, or Identity's."
    )
    stream: str = Field(
        "identity:events", min_length=1, description="Redis stream of the module's relay."
    )
    stream_length: int = Field(
        100_000, ge=1, description="Approximate number of events kept in the stream."
    )
    mail_on_approval: str | None = Field(
        None, description="Template of the email after an approval; unset sends none."
    )
    mail_on_denial: str | None = Field(
        None, description="Template of the email after a denial; unset sends none."
    )
    dashboard_url: str = Field("", description="Link in those emails.")

    @field_validator("allowed_services", mode="before")
    @classmethod
    def _split_names(cls, names: object) -> object:
        if isinstance(names, str):
            return frozenset(name.strip() for name in names.split(",") if name.strip())
        return names

    def require_database(self) -> str:
        """Return the URL of the database.

        Raises:
            SettingsError: It is not set, or no driver can use it.
        """
        if self.database_url is None:
            raise SettingsError("IDENTITY_SERVICE_DATABASE_URL is not set")
        url = self.database_url.get_secret_value()
        try:
            DatabaseUrl.parse(url)
        except ValueError as error:
            raise SettingsError(f"IDENTITY_SERVICE_DATABASE_URL {error}") from None
        return url

    def required_secrets(self) -> dict[str, SecretStr | None]:
        return super().required_secrets() | {"HULEEDU_INTERNAL_API_KEY": self.internal_api_key}
