"""Settings from the environment; durations are in seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.database_url import DatabaseUrl
from bff_core.settings import OptionalFolder, ServiceSettings, SettingsError, check_http_url

SERVICE = "config_service"
SERVICE_ID = "config-service"
PREFIX = "CONFIG_SERVICE_"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {"IDENTITY_SERVICE_URL": f"{PREFIX}IDENTITY_URL"}

    port: int = Field(4103, ge=1, le=65535, description="The port to listen on.")
    max_body_bytes: int = Field(
        256 * 1024, ge=0, description="Bytes that a request's body may have."
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///config_service.db"),
        description="sqlite:///PATH or postgresql://USER@HOST/DATABASE.",
    )
    storage_timeout: float = Field(
        2.5, gt=0.1, le=30, description="Seconds that a request waits for the database."
    )
    audit_key: SecretStr | None = Field(None, description="Seals the audit; never change it.")
    internal_api_key: SecretStr | None = Field(
        None,
        validation_alias="HULEEDU_INTERNAL_API_KEY",
        description="The platform's key between services; 32 characters or more.",
    )
    allowed_services: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"bff-teacher-service", "bff-admin-service", "api-gateway-service"}),
        description="Service ids that may call, separated by commas.",
    )
    identity_url: str = Field(
        "http://127.0.0.1:7005", description="Asked about admins while Redis is away."
    )
    namespace_directory: OptionalFolder = Field(
        None, description="Namespace files beside those that the service ships."
    )

    @field_validator("allowed_services", mode="before")
    @classmethod
    def _split_names(cls, names: object) -> object:
        if isinstance(names, str):
            return frozenset(name.strip() for name in names.split(",") if name.strip())
        return names

    @field_validator("identity_url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        return check_http_url(url)

    @property
    def database(self) -> DatabaseUrl:
        """The database's URL with an asynchronous driver.

        Raises:
            SettingsError: It is neither SQLite nor PostgreSQL, or keeps its data in memory.
        """
        name = f"{PREFIX}DATABASE_URL"
        try:
            target = DatabaseUrl.parse(self.database_url.get_secret_value())
        except ValueError as error:
            raise SettingsError(f"{name} {error}") from None
        if target.is_sqlite:
            path = target.url.database
            if not path or path == ":memory:" or path.startswith("file:"):
                raise SettingsError(f"{name} must name a file: sqlite:///PATH")
            if not Path(path).resolve().parent.is_dir():
                raise SettingsError(f"{name}: the folder of {path} does not exist")
        return target

    def required_secrets(self) -> dict[str, SecretStr | None]:
        return super().required_secrets() | {
            "HULEEDU_INTERNAL_API_KEY": self.internal_api_key,
            f"{PREFIX}AUDIT_KEY": self.audit_key,
        }

    def replica_faults(self) -> list[str]:
        faults = super().replica_faults()
        if self.replicas > 1:
            faults += self.database.replica_faults(self.replicas, f"{PREFIX}DATABASE_URL")
        return faults
