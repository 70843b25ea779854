"""Everything this module reads from its environment. Unset means the default shown; seconds."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.settings import ServiceSettings, SettingsError

SERVICE = "identity_service"
"""Where the module is mounted: errors and events are Identity's own."""
PREFIX = "IDENTITY_ADMIN_"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "IDENTITY_SERVICE_DATABASE_URL": f"{PREFIX}DATABASE_URL",
    }

    port: int = Field(7006, ge=1, le=65535, description="Of the app that stands alone, in tests.")
    max_body_bytes: int = Field(
        256 * 1024, ge=0, description="Bytes that a request's body may have."
    )
    internal_api_key: SecretStr | None = Field(
        None,
        validation_alias="HULEEDU_INTERNAL_API_KEY",
        description="The platform's key between services; 32 characters or more.",
    )
    allowed_services: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"bff-admin-service"}), description="Who may call: values of X-Service-ID."
    )
    role: str = Field("admin", min_length=1, description="The role that may decide.")
    database_url: SecretStr | None = Field(
        None, description="For the commands; mounted, the engine is Identity's own."
    )
    relay: Literal["redis", "platform"] = Field(
        "redis", description="Who publishes our events: we, to a stream, or Identity's own relay."
    )
    stream: str = Field(
        "identity:events", min_length=1, description="The Redis stream that our relay fills."
    )
    stream_length: int = Field(100_000, ge=1, description="Events kept in the stream, about.")
    mail_on_approval: str | None = Field(None, description="The template to ask for; unset: none.")
    mail_on_denial: str | None = Field(None, description="The template to ask for; unset: none.")
    dashboard_url: str = Field("", description="The link in those mails.")

    @field_validator("allowed_services", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        if isinstance(names, str):
            return frozenset(name.strip() for name in names.split(",") if name.strip())
        return names

    def require_database(self) -> str:
        """Its URL.

        Raises:
            SettingsError: It is not set.
        """
        if self.database_url is None:
            raise SettingsError("IDENTITY_SERVICE_DATABASE_URL is not set")
        return self.database_url.get_secret_value()

    def check_secrets(self) -> None:
        super().check_secrets()
        self.require_secret("HULEEDU_INTERNAL_API_KEY", self.internal_api_key)
