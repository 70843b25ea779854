"""Settings from the environment; durations are in seconds."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from bff_core.settings import Downstream, Operation, ServiceSettings, check_http_url

SERVICE = "bff_admin"
SERVICE_ID = "bff-admin-service"
PREFIX = "BFF_ADMIN_SERVICE_"

READ = Operation(budget=3.0, attempts=2, in_flight=16)
WRITE = Operation(budget=3.0, attempts=1, in_flight=16)


class IdentityAdminDownstream(Downstream):
    name: str = "identity_admin"
    url: str = "http://127.0.0.1:7005"
    read: Operation = READ
    write: Operation = WRITE


class ConfigServiceDownstream(Downstream):
    name: str = "config_service"
    url: str = "http://127.0.0.1:4103"
    read: Operation = READ
    write: Operation = WRITE


class EntitlementsDownstream(Downstream):
    name: str = "entitlements"
    url: str = "http://127.0.0.1:8083"
    read: Operation = Operation(budget=2.0, attempts=2, in_flight=16)
    write: Operation = WRITE


class HealthSettings(BaseModel):
    """Services on the overview besides those that are called; an empty URL omits one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patience: float = Field(1.0, gt=0, le=2, description="Seconds that a health check may take.")
    gateway: str = Field(
        "http://127.0.0.1:8080", description="URL of this service; empty: not on the overview."
    )
    bff_teacher: str = Field("http://127.0.0.1:4101", description="Likewise.")
    ras: str = Field("http://127.0.0.1:4003", description="Likewise.")
    cms: str = Field("http://127.0.0.1:5002", description="Likewise.")
    files: str = Field("http://127.0.0.1:7001", description="Likewise.")
    content: str = Field("http://127.0.0.1:8000", description="Likewise.")
    bos: str = Field("http://127.0.0.1:5001", description="Likewise.")

    @field_validator("gateway", "bff_teacher", "ras", "cms", "files", "content", "bos")
    @classmethod
    def _is_a_base_url(cls, url: str) -> str:
        return check_http_url(url) if url else url


_IDENTITY = f"{PREFIX}IDENTITY__URL"
_CONFIG = f"{PREFIX}CONFIG_SERVICE__URL"


class Settings(ServiceSettings):
    """`request_budget` exceeds the calls' budgets, so that a response can still be composed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "IDENTITY_SERVICE_URL": _IDENTITY,
        "CONFIG_SERVICE_URL": _CONFIG,
        "ENTITLEMENTS_SERVICE_URL": f"{PREFIX}ENTITLEMENTS__URL",
        "API_GATEWAY_URL": f"{PREFIX}HEALTH__GATEWAY",
        "BFF_TEACHER_URL": f"{PREFIX}HEALTH__BFF_TEACHER",
        "RESULT_AGGREGATOR_URL": f"{PREFIX}HEALTH__RAS",
        "CMS_API_URL": f"{PREFIX}HEALTH__CMS",
        "FILE_SERVICE_URL": f"{PREFIX}HEALTH__FILES",
        "CONTENT_SERVICE_URL": f"{PREFIX}HEALTH__CONTENT",
        "BATCH_ORCHESTRATOR_SERVICE_URL": f"{PREFIX}HEALTH__BOS",
    }

    port: int = Field(4102, ge=1, le=65535, description="The port to listen on.")
    request_budget: float = Field(
        4.0, gt=0, le=60, description="Seconds within which an answer is due."
    )
    max_body_bytes: int = Field(
        256 * 1024, ge=0, description="Bytes that a request's body may have."
    )
    role: str = Field("admin", min_length=1, description="The role that may do all this.")
    internal_api_key: SecretStr | None = Field(
        None,
        validation_alias="HULEEDU_INTERNAL_API_KEY",
        description="The platform's key between services; 32 characters or more.",
    )
    identity: IdentityAdminDownstream = IdentityAdminDownstream()
    config_service: ConfigServiceDownstream = ConfigServiceDownstream()
    entitlements: EntitlementsDownstream = EntitlementsDownstream()
    health: HealthSettings = HealthSettings()

    def required_secrets(self) -> dict[str, SecretStr | None]:
        return super().required_secrets() | {"HULEEDU_INTERNAL_API_KEY": self.internal_api_key}

    @property
    def health_urls(self) -> Mapping[str, str]:
        """The base URL of each service on the overview."""
        urls: dict[str, str] = self.health.model_dump(exclude={"patience"})
        called = (self.config_service, self.entitlements)
        urls |= {one.name: one.url for one in called} | {"identity": self.identity.url}
        return {name: url.rstrip("/") for name, url in urls.items() if url}
